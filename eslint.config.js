import { defineConfig, globalIgnores } from 'eslint/config';
import rxjsX from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

import { layers } from './eslint/layers.js';
import { streamNames } from './eslint/stream-names.js';

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];

const useClock =
  'Waiting and telling time go through the Clock of src/streams/clock.ts, so that tests can run in virtual time.';

const metadataSyntax = {
  selector: "MemberExpression[object.name='Reflect'][property.name=/metadata/i]",
  message: 'All of Reflect lives in src/handlers/metadata.ts.',
};

const timeProperties = [
  { object: 'Date', property: 'now', message: useClock },
  { object: 'performance', property: 'now', message: useClock },
  { object: 'process', property: 'hrtime', message: useClock },
  { object: 'process', property: 'uptime', message: useClock },
  ...['globalThis', 'global'].flatMap((object) =>
    [...TIMERS, 'performance'].map((property) => ({ object, property, message: useClock })),
  ),
];

/** Wall-clock time in the forms that are not a property of a global. */
const timeSyntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: useClock },
  { selector: "CallExpression[callee.name='Date']", message: useClock },
  { selector: 'ImportDeclaration[source.value=/^(node:)?(timers(.promises)?|perf_hooks)$/]', message: useClock },
];

export default defineConfig(
  globalIgnores(['dist/', 'dist-examples/', 'build/', 'coverage/', 'plugins/*/dist/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, rxjsX.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { house: { rules: { layers, 'stream-names': streamNames } } },
    rules: {
      'house/layers': 'error',
      'house/stream-names': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `import { type A } from` stays behind as `import {} from` and loads a module that has nothing to run.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      // Handlers and plugin modules are classes because containers build them.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      'rxjs-x/no-exposed-subjects': 'error',
    },
  },

  { files: ['src/**/*.ts'], rules: { 'no-restricted-syntax': ['error', metadataSyntax] } },
  {
    files: ['src/{streams,recording,handlers,di}/**/*.ts'],
    ignores: ['src/streams/clock.ts'],
    rules: {
      'no-restricted-globals': ['error', ...[...TIMERS, 'performance'].map((name) => ({ name, message: useClock }))],
      'no-restricted-properties': ['error', ...timeProperties],
      'no-restricted-syntax': ['error', metadataSyntax, ...timeSyntax],
    },
  },
  { files: ['src/handlers/metadata.ts'], rules: { 'no-restricted-syntax': ['error', ...timeSyntax] } },

  // Marble tests name streams after their marbles; type tests throw instead of returning; fakes are async by contract;
  // assertions about a method do not call it.
  {
    files: ['test/**/*.ts', 'plugins/*/test/**/*.ts'],
    rules: {
      'house/stream-names': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
