import { type Config, isLocalProvider, type PersonaConfig } from '@atp-router/adapters';
import type { Persona } from '@atp-router/consensus';
import type { AgentEntry } from '@atp-router/routing';

/** What clients, chains and fan-outs call a persona. */
export function personaName(id: string): string {
  return `persona:${id}`;
}

type Names = Pick<Config, 'agents' | 'personas' | 'models' | 'providers'>;

/** Whether what it is asked may not leave this machine and its private network, whoever is asked in its place. */
function isKeptLocal({ compliance }: PersonaConfig): boolean {
  return compliance.includes('local_only') || compliance.includes('no_external');
}

/** Personas, agents, models and providers of a configuration by their names. */
export class Cast {
  readonly #personas: ReadonlyMap<string, PersonaConfig>;
  readonly #agents: ReadonlyMap<string, Config['agents'][number]>;
  readonly #models: ReadonlyMap<string, string>;
  readonly #local: ReadonlySet<string>;

  constructor({ agents, personas, models, providers }: Names) {
    this.#personas = new Map(personas.map((persona) => [persona.id, persona]));
    this.#agents = new Map(agents.map((agent) => [agent.id, agent]));
    this.#models = new Map(models.map((model) => [model.id, model.provider]));
    this.#local = new Set(providers.filter((one) => isLocalProvider(one.type, one.base_url)).map(({ id }) => id));
  }

  persona(id: string): PersonaConfig | undefined {
    return this.#personas.get(id);
  }

  /** The persona of a name as others write it: `persona:<id>`. */
  personaOf(name: string): PersonaConfig | undefined {
    return name.startsWith('persona:') ? this.#personas.get(name.slice('persona:'.length)) : undefined;
  }

  /** Whether what is sent under a name goes beyond this machine and its private network. */
  isExternal(name: string): boolean {
    const model = this.#agents.get(name)?.model ?? name;
    const provider = this.#models.get(model) ?? model.slice(0, Math.max(0, model.indexOf('/')));
    return !this.#local.has(provider);
  }

  isLocalProvider(id: string): boolean {
    return this.#local.has(id);
  }

  /** As a lane has it. */
  voice(persona: PersonaConfig): Persona {
    const { id, role, tools, qos, compliance } = persona;
    return { id, role, system_prompt: this.#promptOf(persona), tools, qos, compliance };
  }

  /**
   * Personas as agents, under which they may be asked by name. Those that may be asked behind a filter only are left out: asked
   * alone there is none.
   */
  asAgents(): readonly AgentEntry[] {
    const agents: AgentEntry[] = [];
    for (const persona of this.#personas.values()) {
      if (this.needsFilter(persona)) continue;
      const model = this.#agents.get(persona.model)?.model ?? persona.model;
      const system_prompt = this.#promptOf(persona);
      const local_only = isKeptLocal(persona);
      agents.push({ id: personaName(persona.id), model, system_prompt, qos: persona.qos, local_only });
    }
    return agents;
  }

  needsFilter(persona: PersonaConfig): boolean {
    return persona.compliance.includes('filter_pii') && this.isExternal(persona.model);
  }

  /** What the agent behind it is told comes first. */
  #promptOf({ model, system_prompt }: PersonaConfig): string | undefined {
    const prompts = [this.#agents.get(model)?.system_prompt, system_prompt].filter((text) => text !== undefined);
    return prompts.length === 0 ? undefined : prompts.join('\n\n');
  }
}
