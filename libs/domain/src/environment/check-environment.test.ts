import { AppError } from '@millrace/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkEnvironment } from './check-environment.ts';

const refusal = (env: unknown, declared?: readonly string[]): { code: string; variable: unknown } => {
  try {
    checkEnvironment(env, declared);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, variable: error.details?.['variable'] };
    throw error;
  }
  throw new Error('was accepted');
};

/** Attack A16, and what belongs to the same families. */
const ATTACKS = [
  // tar --checkpoint-action=exec, rsync -e, an editor's start commands, and files that name programs or credentials
  ...[
    'TAR_OPTIONS',
    'RSYNC_RSH',
    'SUDO_ASKPASS',
    'VIMINIT',
    'EXINIT',
    'EMACSLOADPATH',
    'GUILE_LOAD_PATH',
    'R_PROFILE_USER',
  ],
  ...['XDG_CONFIG_HOME', 'WGETRC', 'INPUTRC', 'KUBECONFIG', 'AWS_CONFIG_FILE', 'PGSERVICEFILE', 'PGSYSCONFDIR'],
  ...['DOCKER_HOST', 'ELECTRON_RUN_AS_NODE', 'NIX_LD', 'SSLKEYLOGFILE', 'CC'],
  ...[
    'LD_PRELOAD',
    'LD_AUDIT',
    'LD_LIBRARY_PATH',
    'DYLD_INSERT_LIBRARIES',
    'GCONV_PATH',
    'GLIBC_TUNABLES',
    'MALLOC_CHECK_',
  ],
  ...[
    'PATH',
    'HOME',
    'TMPDIR',
    'IFS',
    'PS4',
    'ENV',
    'BASH_ENV',
    'BASH_FUNC_echo',
    'BASHOPTS',
    'SHELLOPTS',
    'CDPATH',
    'PROMPT_COMMAND',
  ],
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'npm_config_registry', 'NPM_CONFIG_SCRIPT_SHELL'],
  ...[
    'PYTHONSTARTUP',
    'PYTHONPATH',
    'PYTHONHOME',
    'PERL5OPT',
    'PERL5LIB',
    'PERL5DB',
    'RUBYOPT',
    'RUBYLIB',
    'JAVA_TOOL_OPTIONS',
  ],
  ...[
    '_JAVA_OPTIONS',
    'JDK_JAVA_OPTIONS',
    'GIT_SSH_COMMAND',
    'GIT_DIR',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'OPENSSL_CONF',
  ],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY', 'no_proxy', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ...[
    'MILLRACE_INPUT',
    'MILLRACE_TOKEN',
    'TRACEPARENT',
    'HOSTALIASES',
    'EDITOR',
    'PAGER',
    'LESSOPEN',
    'ld_preload',
    '__proto__',
  ],
];

describe('checkEnvironment', () => {
  test.each(ATTACKS)('refuses %s and names it, declared or not', (name) => {
    const env: unknown = JSON.parse(`{"TARGET":"a","${name}":"x"}`);
    expect(refusal(env)).toEqual({ code: 'env.denied', variable: name });
    expect(refusal(env, ['TARGET', name])).toEqual({ code: 'env.denied', variable: name });
  });

  test.each(['BASH_FUNC_echo%%', '', '1A', 'A-B', 'A B', 'A=B', 'Ä', 'A\0', 'A\n', 'x'.repeat(65)])(
    'refuses the name %j',
    (name) => {
      expect(refusal({ [name]: 'x' })).toEqual({ code: 'env.name', variable: name });
    },
  );

  test('takes ordinary names', () => {
    const env = {
      TARGET: '/srv',
      notify_url: 'https://x.test',
      _A1: '',
      PATHOLOGY: 'x',
      HOMEPAGE: 'y',
      ENVIRONMENT: 'prod',
      REGION: 'ü\n',
    };
    expect(checkEnvironment(env)).toEqual(env);
  });

  test('takes only declared names where names are declared', () => {
    expect(checkEnvironment({ TARGET: 'a' }, ['TARGET', 'NOTIFY'])).toEqual({ TARGET: 'a' });
    expect(refusal({ OTHER: 'a' }, ['TARGET'])).toEqual({ code: 'env.undeclared', variable: 'OTHER' });
    expect(refusal({ OTHER: 'a' }, [])).toEqual({ code: 'env.undeclared', variable: 'OTHER' });
  });

  test('refuses the name of a secret of the workflow, declared or not', () => {
    expect(checkEnvironment({ TARGET: 'a' }, undefined, ['API_KEY'])).toEqual({ TARGET: 'a' });
    for (const declared of [undefined, ['API_KEY']]) {
      expect(() => checkEnvironment({ API_KEY: 'a' }, declared, ['API_KEY'])).toThrow(
        expect.objectContaining({ code: 'env.secret', details: { variable: 'API_KEY' } }),
      );
    }
  });

  test.each([1, null, true, {}, ['a']])('refuses the value %j', (value) => {
    expect(refusal({ TARGET: value })).toEqual({ code: 'env.not_text', variable: 'TARGET' });
  });

  test('refuses a NUL and more than 4 KiB of UTF-8', () => {
    expect(refusal({ TARGET: 'a\0b' })).toEqual({ code: 'env.nul', variable: 'TARGET' });
    expect(refusal({ TARGET: 'ü'.repeat(2_049) })).toEqual({ code: 'env.too_long', variable: 'TARGET' });
    expect(checkEnvironment({ TARGET: 'ü'.repeat(2_048) })).toHaveProperty('TARGET');
  });

  test.each([null, 'TARGET=a', 7, [['TARGET', 'a']]])('refuses %j as an environment', (env) => {
    expect(refusal(env).code).toBe('env.not_object');
  });

  test('takes no environment as an empty one, and 100 variables at most', () => {
    const variables = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`V${i}`, '']));
    expect(checkEnvironment(undefined)).toEqual({});
    expect(Object.keys(checkEnvironment(variables(100)))).toHaveLength(100);
    expect(refusal(variables(101)).code).toBe('env.too_many');
  });

  test('returns what it was given or throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.anything()))), (env) => {
        let checked: Record<string, string>;
        try {
          checked = checkEnvironment(env);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          return;
        }
        expect(checked).toEqual({ ...(env as object | undefined) });
        for (const [name, value] of Object.entries(checked))
          expect([typeof value, /^\w+$/.test(name)]).toEqual(['string', true]);
      }),
    );
  });
});
