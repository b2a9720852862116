/** A piece of source and what must be said of it. */
export interface Plant {
  it: string;
  /** Where it is planted: `*` stands for the case's own name. */
  at: string;
  code: string;
  /** The rules that must fire, and no other; none for a clean sibling. */
  breaks: readonly string[];
}

const lines = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, i) => line(i));

const classOf = (methods: number) =>
  ['export class Planted {', ...lines(methods, (i) => `  method${i}(): number { return ${i}; }`), '}', ''].join('\n');

/** A function whose text has exactly `count` lines. */
const functionOf = (count: number) =>
  ['export function planted(): number {', '  let sum = 0;', ...lines(count - 4, (i) => `  sum += ${i};`)]
    .concat('  return sum;', '}', '')
    .join('\n');

const fileOf = (count: number) => lines(count, (i) => `export const value${i} = ${i};\n`).join('');

const constructorOf = (parameters: number) => {
  const names = lines(parameters, (i) => `p${i}`);
  const body = `this.sum = ${names.join(' + ')};`;
  return `export class Planted {\n  readonly sum: number;\n  constructor(${names.map((n) => `${n}: number`).join(', ')}) { ${body} }\n}\n`;
};

const SOURCE = 'src/research/*.ts';

/** Every lint rule at work: an offender for each, and the clean case next to it. */
export const PLANTS: readonly Plant[] = [
  // Sizes, each at its bound and one beyond.
  { it: 'class-10-methods', at: SOURCE, code: classOf(10), breaks: [] },
  { it: 'class-11-methods', at: SOURCE, code: classOf(11), breaks: ['dossier(max-class-methods)'] },
  {
    it: 'class-10-methods-constructor-accessors-overloads',
    at: SOURCE,
    code: classOf(9).replace(
      /\}\n$/,
      [
        '  constructor(private value: string) {}',
        '  get text(): string { return this.value; }',
        '  set text(value: string) { this.value = value; }',
        '  pick(key: string): string;',
        '  pick(key: number): string;',
        '  pick(key: string | number): string { return `${this.value}${key}`; }',
        '}\n',
      ].join('\n'),
    ),
    breaks: [],
  },
  {
    it: 'class-11-methods-static-private-arrow-abstract',
    at: SOURCE,
    code: classOf(7)
      .replace('export class', 'export abstract class')
      .replace(
        /\}\n$/,
        [
          '  static make(): number { return 1; }',
          '  #hidden(): number { return 2; }',
          '  arrow = (): number => this.#hidden();',
          '  abstract open(): void;',
          '}\n',
        ].join('\n'),
      ),
    breaks: ['dossier(max-class-methods)'],
  },
  { it: 'function-60-lines', at: SOURCE, code: functionOf(60), breaks: [] },
  { it: 'function-61-lines', at: SOURCE, code: functionOf(61), breaks: ['eslint(max-lines-per-function)'] },
  { it: 'file-300-lines', at: SOURCE, code: `/** Not counted. */\n\n${fileOf(300)}`, breaks: [] },
  { it: 'file-301-lines', at: SOURCE, code: fileOf(301), breaks: ['eslint(max-lines)'] },
  { it: 'constructor-6-parameters', at: SOURCE, code: constructorOf(6), breaks: [] },
  { it: 'constructor-7-parameters', at: SOURCE, code: constructorOf(7), breaks: ['eslint(max-params)'] },
  {
    it: 'function-7-parameters',
    at: SOURCE,
    code: 'export const f = (...a: number[]): number => a.length;\nexport function g(a: number, b: number, c: number, d: number, e: number, h: number, i: number): number {\n  return f(a, b, c, d, e, h, i);\n}\n',
    breaks: ['eslint(max-params)'],
  },

  // What sizes do not bind.
  { it: 'large', at: 'src/migrations/*.ts', code: classOf(11) + fileOf(301) + functionOf(61), breaks: [] },
  { it: 'long-function', at: 'src/research/*.spec.ts', code: functionOf(61), breaks: [] },
  { it: 'long-function', at: 'test/e2e/*.e2e-spec.ts', code: functionOf(61), breaks: [] },
  { it: 'long-file', at: 'test/e2e/*.e2e-spec.ts', code: fileOf(301), breaks: ['eslint(max-lines)'] },

  // Types.
  { it: 'any', at: SOURCE, code: 'export const x: any = 1;\n', breaks: ['typescript(no-explicit-any)'] },
  { it: 'unknown', at: SOURCE, code: 'export const x: unknown = 1;\n', breaks: [] },
  {
    it: 'non-null',
    at: SOURCE,
    code: 'export const first = (list: number[]): number => list[0]!;\n',
    breaks: ['typescript(no-non-null-assertion)'],
  },
  { it: 'unused', at: SOURCE, code: 'const x = 1;\nexport const y = 2;\n', breaks: ['eslint(no-unused-vars)'] },
  { it: 'loose-equality', at: SOURCE, code: 'export const f = (a: number) => a == 1;\n', breaks: ['eslint(eqeqeq)'] },
  { it: 'let', at: SOURCE, code: 'let x = 1;\nexport { x };\n', breaks: ['eslint(prefer-const)'] },
  {
    it: 'value-import-of-an-injected-class',
    at: SOURCE,
    code: "import { Injectable, Logger } from '@nestjs/common';\n@Injectable()\nexport class Planted {\n  constructor(readonly logger: Logger) {}\n}\n",
    breaks: [],
  },

  // Code made from text.
  { it: 'eval', at: SOURCE, code: "export const x: unknown = eval('1');\n", breaks: ['eslint(no-eval)'] },
  { it: 'indirect-eval', at: SOURCE, code: "export const x: unknown = (0, eval)('1');\n", breaks: ['eslint(no-eval)'] },
  {
    it: 'new-function',
    at: SOURCE,
    code: "export const x: unknown = new Function('return 1');\n",
    breaks: ['eslint(no-new-func)', 'typescript(no-implied-eval)'],
  },
  {
    it: 'text-to-set-timeout',
    at: SOURCE,
    code: "setTimeout('1', 1);\n",
    breaks: ['typescript(no-implied-eval)'],
  },

  // Promises and errors.
  {
    it: 'floating-promise',
    at: SOURCE,
    code: 'export function f(): void {\n  Promise.resolve(1);\n}\n',
    breaks: ['typescript(no-floating-promises)'],
  },
  {
    it: 'floating-promise',
    at: 'test/support/*.ts',
    code: 'export function f(): void {\n  Promise.resolve(1);\n}\n',
    breaks: ['typescript(no-floating-promises)'],
  },
  {
    it: 'awaited-promise',
    at: SOURCE,
    code: 'export async function f(): Promise<void> {\n  await Promise.resolve(1);\n}\n',
    breaks: [],
  },
  {
    it: 'misused-promise',
    at: SOURCE,
    code: 'export const f = (list: Promise<number>[]): void => list.forEach(async (p) => void (await p));\n',
    breaks: ['typescript(no-misused-promises)'],
  },
  {
    it: 'await-of-a-value',
    at: SOURCE,
    code: 'export async function f(x: number): Promise<number> {\n  return await x;\n}\n',
    breaks: ['typescript(await-thenable)'],
  },
  {
    it: 'empty-catch',
    at: SOURCE,
    code: 'export function f(g: () => void): void {\n  try {\n    g();\n  } catch {}\n}\n',
    breaks: ['eslint(no-empty)'],
  },
  {
    it: 'handled-catch',
    at: SOURCE,
    code: 'export function f(g: () => void): boolean {\n  try {\n    g();\n    return true;\n  } catch {\n    return false;\n  }\n}\n',
    breaks: [],
  },

  // The environment has one reader.
  {
    it: 'environment',
    at: SOURCE,
    code: 'export const port = process.env.PORT;\n',
    breaks: ['eslint(no-restricted-properties)'],
  },
  {
    it: 'environment-by-key',
    at: 'src/platform/http/*.ts',
    code: "export const port = process['env'].PORT;\n",
    breaks: ['eslint(no-restricted-properties)'],
  },
  {
    it: 'environment-destructured',
    at: SOURCE,
    code: 'const { env } = process;\nexport const port = env.PORT;\n',
    breaks: ['eslint(no-restricted-properties)'],
  },
  {
    it: 'environment-of-global-this',
    at: SOURCE,
    code: 'export const port = globalThis.process.env.PORT;\n',
    breaks: ['eslint(no-restricted-properties)'],
  },
  {
    it: 'environment-imported',
    at: SOURCE,
    code: "import { env } from 'node:process';\nexport const port = env.PORT;\n",
    breaks: ['eslint(no-restricted-imports)'],
  },
  {
    it: 'environment',
    at: 'src/platform/config/*.ts',
    code: 'export const port = process.env.PORT;\n',
    breaks: [],
  },
  { it: 'environment', at: 'test/support/*.ts', code: 'export const port = process.env.PORT;\n', breaks: [] },
  { it: 'environment', at: 'bench/*.ts', code: 'export const port = process.env.PORT;\n', breaks: [] },

  // HTTP stays in controllers and the filter.
  ...['service', 'repository'].flatMap((role): Plant[] => [
    {
      it: 'http-exception',
      at: `src/research/*.${role}.ts`,
      code: "import { NotFoundException } from '@nestjs/common';\nexport const f = (): Error => new NotFoundException();\n",
      breaks: ['eslint(no-restricted-imports)'],
    },
    {
      it: 'http-exception-base',
      at: `src/research/*.${role}.ts`,
      code: "import { HttpException, Injectable } from '@nestjs/common';\nexport const f = [HttpException, Injectable];\n",
      breaks: ['eslint(no-restricted-imports)'],
    },
    {
      it: 'http-exception-by-namespace',
      at: `src/research/*.${role}.ts`,
      code: "import * as nest from '@nestjs/common';\nexport const f = (): Error => new nest.NotFoundException();\n",
      breaks: ['eslint(no-restricted-imports)'],
    },
    {
      it: 'injectable',
      at: `src/research/*.${role}.ts`,
      code: "import { Injectable } from '@nestjs/common';\n@Injectable()\nexport class Planted {}\n",
      breaks: [],
    },
  ]),
  {
    it: 'environment-imported',
    at: 'src/research/*.service.ts',
    code: "import { env } from 'node:process';\nexport const port = env.PORT;\n",
    breaks: ['eslint(no-restricted-imports)'],
  },
  {
    it: 'http-exception',
    at: 'src/platform/errors/*.filter.ts',
    code: "import { HttpException } from '@nestjs/common';\nexport const f = (e: Error): boolean => e instanceof HttpException;\n",
    breaks: [],
  },

  // Tests that prove nothing.
  {
    it: 'focused-test',
    at: 'src/research/*.spec.ts',
    code: "it.only('adds', () => {\n  expect(1 + 1).toBe(2);\n});\n",
    breaks: ['jest(no-focused-tests)'],
  },
  {
    it: 'assertion-without-matcher',
    at: 'src/research/*.spec.ts',
    code: "it('adds', () => {\n  expect(1 + 1);\n});\n",
    breaks: ['jest(valid-expect)'],
  },
];
