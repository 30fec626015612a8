import { ERROR_CATALOGUE, type JsonObject } from '@atp-router/kernel';
import {
  anyObject,
  bool,
  enums,
  int,
  list,
  num,
  object,
  type OpenApiFragment,
  oneOf,
  orNull,
  str,
  tagged,
} from './fragment.ts';

export const ERROR_CODE_SCHEMA: JsonObject = enums(
  Object.keys(ERROR_CATALOGUE).sort(),
  'Name in the catalogue of errors.',
);
export const ERROR_ORIGIN_SCHEMA: JsonObject = enums(
  ['local', 'remote'],
  'Whether the fault arose here or at a provider.',
);

/** Schemas that several shapes use. */
export const sharedFragment: OpenApiFragment = {
  tags: [],
  paths: {},
  schemas: {
    AtpField: object(
      {
        request_id: str('Id of the call in the journal.'),
        model: str('The model that answered.'),
        attempts: int('Attempts made.'),
        cost_usd_micros: int('Billed cost of all attempts in millionths of a US dollar.'),
        usage_source: enums(
          ['reported', 'counted', 'none'],
          'Whether the provider reported tokens or they were counted.',
        ),
        energy_joules: num('Energy of all attempts in joules; absent where it is not known.'),
        co2e_mg: num('What that emitted, in milligrams of CO2e; absent where it is not known.'),
        simulated: bool('The answer was made up by the built-in simulator.'),
        dropped: list(str(), "What was generated and the client's shape cannot carry."),
      },
      ['request_id', 'model', 'attempts', 'cost_usd_micros', 'usage_source'],
      'What the router adds to an answer, or to the closing event of a stream.',
    ),
    FunctionSpec: object(
      {
        name: str(),
        description: str(),
        parameters: anyObject('JSON Schema of the arguments.'),
        strict: orNull(bool('Arguments follow the schema exactly.')),
      },
      ['name'],
    ),
    ChatResponseFormat: oneOf([
      tagged('text', {}),
      tagged('json_object', {}),
      tagged(
        'json_schema',
        {
          json_schema: object({ name: str(), description: str(), schema: anyObject(), strict: orNull(bool()) }, [
            'name',
          ]),
        },
        ['json_schema'],
      ),
    ]),
    TokenLogprob: object(
      {
        token: str(),
        logprob: num(),
        bytes: orNull({ type: 'array', items: int() }),
        top_logprobs: { type: 'array', items: anyObject() },
      },
      ['token', 'logprob'],
    ),
    OpenAiError: object(
      {
        error: object(
          {
            message: str('What is wrong, where, and what to do.'),
            type: str("OpenAI's family of the error."),
            param: orNull(str('The field or header at fault.')),
            code: ERROR_CODE_SCHEMA,
            request_id: str(),
            origin: ERROR_ORIGIN_SCHEMA,
            retry_after_ms: int(),
          },
          ['message', 'type', 'param', 'code'],
        ),
      },
      ['error'],
    ),
  },
};
