import { AtpError } from '@atp-router/kernel';
import { type AliasSource, type AliasTable, overlaid, readAliases } from './aliases.ts';

/** The taxonomy that findings are read with when the operator names no other: what reviewers of code say, in their words. */
export const DEFAULT_ALIASES: AliasSource = {
  types: {
    bug: ['logic_error', 'logic_bug', 'correctness', 'defect', 'incorrect_behavior', 'functional_bug', 'wrong_result'],
    sql_injection: ['sqli', 'cwe_89', 'injection_sql', 'sql'],
    command_injection: ['os_command_injection', 'shell_injection', 'cwe_78', 'rce', 'remote_code_execution'],
    code_injection: ['eval_injection', 'cwe_94', 'unsafe_eval'],
    xss: ['cross_site_scripting', 'cwe_79', 'html_injection'],
    csrf: ['cross_site_request_forgery', 'cwe_352'],
    ssrf: ['server_side_request_forgery', 'cwe_918'],
    path_traversal: ['directory_traversal', 'cwe_22', 'zip_slip'],
    deserialization: ['unsafe_deserialization', 'insecure_deserialization', 'cwe_502'],
    secret_leak: [
      'hardcoded_secret',
      'hardcoded_credentials',
      'hardcoded_password',
      'secret',
      'credential_leak',
      'cwe_798',
    ],
    information_leak: ['information_disclosure', 'info_leak', 'data_leak', 'sensitive_data_exposure', 'cwe_200'],
    authentication: ['auth', 'broken_authentication', 'missing_authentication', 'cwe_287', 'cwe_306'],
    authorization: ['access_control', 'broken_access_control', 'missing_authorization', 'idor', 'cwe_862', 'cwe_863'],
    cryptography: ['crypto', 'weak_crypto', 'weak_cryptography', 'weak_hash', 'insecure_random', 'cwe_327', 'cwe_338'],
    input_validation: ['missing_validation', 'validation', 'unvalidated_input', 'improper_input_validation', 'cwe_20'],
    prompt_injection: ['llm_injection', 'jailbreak'],
    security: ['vulnerability', 'security_issue', 'security_vulnerability'],
    null_dereference: [
      'null_pointer',
      'null_pointer_dereference',
      'npe',
      'undefined_access',
      'null_reference',
      'cwe_476',
    ],
    buffer_overflow: ['out_of_bounds', 'out_of_bounds_write', 'out_of_bounds_read', 'cwe_119', 'cwe_787', 'cwe_125'],
    integer_overflow: ['overflow', 'integer_underflow', 'cwe_190'],
    use_after_free: ['dangling_pointer', 'double_free', 'cwe_416'],
    off_by_one: ['fencepost', 'boundary_error', 'cwe_193'],
    race_condition: ['race', 'data_race', 'toctou', 'concurrency', 'thread_safety', 'cwe_362'],
    deadlock: ['lock_order', 'livelock', 'cwe_833'],
    resource_leak: ['leak', 'memory_leak', 'file_descriptor_leak', 'connection_leak', 'cwe_401', 'cwe_772'],
    denial_of_service: ['dos', 'redos', 'resource_exhaustion', 'unbounded', 'cwe_400', 'cwe_1333'],
    data_loss: ['data_corruption', 'corruption'],
    error_handling: ['exception_handling', 'unhandled_error', 'unhandled_exception', 'swallowed_error', 'cwe_755'],
    api_misuse: ['wrong_api', 'incorrect_usage', 'deprecated_api', 'deprecation'],
    compatibility: ['breaking_change', 'backward_compatibility', 'portability'],
    type_error: ['typing', 'type_safety', 'type_mismatch'],
    configuration: ['config', 'misconfiguration', 'insecure_default', 'insecure_defaults'],
    dependency: ['dependencies', 'vulnerable_dependency', 'outdated_dependency', 'supply_chain'],
    performance: ['perf', 'inefficiency', 'slow', 'n_plus_one', 'complexity_time', 'optimization'],
    test_gap: ['missing_test', 'missing_tests', 'test_coverage', 'tests', 'testing', 'untested'],
    documentation: ['docs', 'doc', 'comment', 'comments', 'missing_documentation'],
    maintainability: ['readability', 'complexity', 'refactor', 'refactoring', 'code_smell', 'duplication', 'design'],
    dead_code: ['unused', 'unused_code', 'unreachable_code', 'cwe_561'],
    naming: ['names', 'spelling', 'typo'],
    style: ['formatting', 'lint', 'code_style', 'nit', 'nitpick'],
    accessibility: ['a11y'],
  },
  severities: {
    critical: ['blocker', 'severe', 'fatal', 'crit', 'p0', 's0', 'sev0', 'urgent', 'emergency'],
    high: ['major', 'important', 'error', 'p1', 's1', 'sev1', 'serious'],
    medium: ['moderate', 'warning', 'warn', 'med', 'normal', 'p2', 's2', 'sev2', 'average'],
    low: ['minor', 'small', 'p3', 's3', 'sev3'],
    info: [
      'note',
      'notice',
      'informational',
      'information',
      'nit',
      'trivial',
      'suggestion',
      'p4',
      'none',
      'hint',
      'cosmetic',
    ],
  },
  files: {
    '': ['./'],
  },
};

/** The table of `DEFAULT_ALIASES`, with what an operator adds to it or has otherwise. Throws for what is not sound. */
export function aliasTable(own: AliasSource = {}): AliasTable {
  return overlaid(sound(DEFAULT_ALIASES), sound(own));
}

function sound(source: AliasSource): AliasTable {
  const read = readAliases(source);
  if (read.kind === 'table') return read.table;
  const faults = read.complaints.map(({ path, why }) => `${path.join('.')} ${why}`).join('; ');
  throw new AtpError('internal_error', `A taxonomy of findings is not sound: ${faults}.`);
}
