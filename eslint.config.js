// What the linter forbids, each rule with its reason. Few on purpose: formatting is Prettier's, folder order is test/layers.test.ts's.
// Plain JavaScript, because ESLint would need one more package to read this file as TypeScript.

import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TIME = 'Time enters through src/lib/clock.ts, so that tests can turn the clock by hand.';
const CHANCE = 'Chance enters through src/lib/random.ts, so that tests can seed it.';

export default defineConfig(
  globalIgnores(['node_modules/', 'bench/results/', 'test-results/', 'coverage/', 'state/', 'test-bundle/', 'dist/']),
  {
    name: 'all TypeScript',
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // A promise that nobody waits for loses its error, and in a proxy that means a hung exchange.
      '@typescript-eslint/no-floating-promises': 'error',
      // An async function where a plain callback is expected is a floating promise in disguise; `if (promise)` is always true.
      '@typescript-eslint/no-misused-promises': 'error',
      // Files are run by type stripping: an import that is only a type must say so, or Node loads a module for nothing.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // `any` switches the compiler off for everything it touches; hostile input is `unknown` until it is decoded.
      '@typescript-eslint/no-explicit-any': 'error',
      // A new kind in a union must fail to compile wherever the kinds are told apart, not fall through at run time.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Dead names mislead the reader; a leading underscore says that a parameter is there for its position.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // `==` converts, and a converted header value is a hole.
      eqeqeq: 'error',
      // What does not change is read once.
      'prefer-const': 'error',
      // Text must never become code.
      'no-eval': 'error',
      'no-new-func': 'error',
      // One name per thing everywhere: a default export is renamed at each import and hides from search.
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } },
      ],
    },
  },
  {
    name: 'time and chance come in through the door',
    files: ['src/**/*.ts'],
    ignores: ['src/lib/**'],
    rules: {
      'no-restricted-globals': ['error', ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: TIME }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: TIME },
        { object: 'performance', property: 'now', message: TIME },
        { object: 'process', property: 'hrtime', message: TIME },
        { object: 'Math', property: 'random', message: CHANCE },
        { object: 'crypto', property: 'randomUUID', message: CHANCE },
        { object: 'crypto', property: 'getRandomValues', message: CHANCE },
        ...['setTimeout', 'setInterval', 'setImmediate'].map((property) => ({ object: 'globalThis', property, message: TIME })),
      ],
      // The same clocks and dice by another way in.
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'node:timers', message: TIME },
            { name: 'node:timers/promises', message: TIME },
            { name: 'node:perf_hooks', message: TIME, importNames: ['performance'] },
            {
              name: 'node:crypto',
              message: CHANCE,
              importNames: ['randomBytes', 'randomInt', 'randomUUID', 'randomFill', 'randomFillSync'],
            },
          ],
        },
      ],
      'no-restricted-syntax': ['error', { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TIME }],
    },
  },
  {
    name: 'one way to speak',
    files: ['src/**/*.ts'],
    ignores: ['src/app/**', 'src/cli/**', 'src/dashboard/**'],
    // Output belongs to the command line and to the log; a stray line on stdout breaks whoever parses it.
    rules: { 'no-console': 'error' },
  },
  {
    name: 'the web page runs in a browser',
    files: ['src/dashboard/**/*.ts'],
    // It has no src/lib; the browser's own timers are all it has.
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-syntax': 'off',
    },
  },
  {
    name: 'tests and the bench',
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    // Async callbacks are the natural shape of a scripted upstream; a rejection there ends the run, so nothing is lost.
    rules: { '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }] },
  },
  {
    name: 'config files of tools',
    files: ['*.config.ts'],
    // The tools ask for a default export.
    rules: { 'no-restricted-exports': 'off' },
  },
);
