import tseslint from 'typescript-eslint';

/** Which workspaces each workspace may import. The picture of the house, enforced. */
const ALLOWED = {
  'libs/kernel': [],
  'libs/contracts': [],
  'libs/domain': ['kernel', 'contracts'],
  'libs/webhooks': ['kernel'],
  'libs/dialects': ['kernel', 'contracts', 'domain', 'webhooks'],
  'libs/eventlog': ['kernel', 'contracts'],
  'libs/read-model': ['kernel', 'contracts', 'domain'],
  'libs/runtime': ['kernel', 'contracts'],
  'libs/secrets': ['kernel', 'contracts', 'eventlog', 'runtime'],
  'libs/sdk': [],
  'libs/client': [],
  'libs/deploy': ['kernel', 'contracts', 'dialects', 'domain', 'eventlog', 'sdk', 'webhooks'],
  'libs/cli': [
    'client',
    'contracts',
    'deploy',
    'dialects',
    'embedded',
    'eventlog',
    'kernel',
    'read-model',
    'runtime',
    'webhooks',
    'secrets',
  ],
  'libs/testkit': ['kernel', 'contracts', 'eventlog', 'read-model', 'runtime', 'embedded'],
  'services/gateway': [
    'kernel',
    'contracts',
    'dialects',
    'domain',
    'eventlog',
    'read-model',
    'runtime',
    'webhooks',
    'secrets',
  ],
  'services/notifier': ['kernel', 'contracts', 'domain', 'eventlog', 'runtime', 'secrets', 'webhooks'],
  'services/scheduler': ['kernel', 'contracts', 'domain', 'eventlog', 'runtime'],
  'services/executor': ['kernel', 'contracts', 'domain', 'eventlog', 'runtime', 'sdk', 'secrets'],
  'services/projector': ['kernel', 'contracts', 'domain', 'eventlog', 'read-model', 'runtime'],
  'services/notifier': ['kernel', 'contracts', 'domain', 'eventlog', 'runtime', 'secrets', 'webhooks'],
  'infra/embedded': [
    'kernel',
    'contracts',
    'deploy',
    'dialects',
    'domain',
    'eventlog',
    'read-model',
    'runtime',
    'secrets',
  ],
};

/** Foreign libraries that belong to one workspace only. */
const OWNED = {
  '^@nats-io/': ['libs/eventlog'],
  '^(kysely|pg)$': ['libs/read-model', 'libs/testkit'],
  '^(fastify|@fastify/.*)$': ['services/gateway'],
  '^esbuild$': ['libs/deploy'],
};

const PURE = ['libs/kernel', 'libs/contracts', 'libs/domain'];

const boundary = (dir) => ({
  files: [`${dir}/src/**/*.ts`],
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^@millrace/(?!(${ALLOWED[dir].join('|') || '$^'})(/|$))`,
            message: `${dir} may import only: ${ALLOWED[dir].join(', ') || 'no workspace'}`,
          },
          { regex: '^(\\.\\./)+(libs|services|infra)/', message: 'import workspaces by name' },
          ...Object.entries(OWNED)
            .filter(([, owners]) => !owners.includes(dir))
            .map(([regex, owners]) => ({ regex, message: `only ${owners.join(', ')} knows this library` })),
        ],
      },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/.millrace/**',
      'eslint.config.js',
      'infra/bootstrap/**',
      '**/*.mjs',
      '**/*.js',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
      complexity: ['error', 10],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
    },
  },
  ...Object.keys(ALLOWED).map(boundary),
  {
    files: PURE.map((dir) => `${dir}/src/**/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'time is an argument' },
        { selector: 'MemberExpression[object.name="Date"][property.name="now"]', message: 'time is an argument' },
        {
          selector: 'MemberExpression[object.name="Math"][property.name="random"]',
          message: 'randomness is an argument',
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts', 'tests/**/*.ts', 'libs/testkit/**/*.ts', 'libs/cli/**/*.ts', 'workflows/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
