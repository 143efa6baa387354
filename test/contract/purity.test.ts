import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** Names that stand for the clock, chance or the world outside. */
const IMPURE = new Set([
  'process',
  'globalThis',
  'console',
  'performance',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'require',
]);
const IMPURE_MEMBERS = new Set(['Date.now', 'Temporal.Now', 'Math.random', 'import.meta']);

/** What a module does besides computing, as `line: code`; `new Date(ms)` only formats and is allowed. */
function impurities(text: string, file = 'module.ts'): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isImpure(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${file}:${line + 1}: ${node.getText().split('\n')[0]}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isImpure(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword) return true;
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0;
  if (ts.isCallExpression(node)) return ['Date', 'import'].includes(node.expression.getText());
  if (ts.isPropertyAccessExpression(node)) return IMPURE_MEMBERS.has(node.getText());
  if (ts.isMetaProperty(node)) return true;
  if (!ts.isIdentifier(node) || !IMPURE.has(node.text)) return false;
  const isMemberName = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
  return !isMemberName && !ts.isPropertySignature(node.parent) && !ts.isPropertyAssignment(node.parent);
}

test('the check sees the clock, chance, the process and waiting, and lets formatting pass', () => {
  const impure = [
    'Date.now()',
    'new Date()',
    'new Date',
    'Date()',
    'Temporal.Now.instant()',
    'Math.random()',
    'process.env.X',
    'performance.now()',
    'await x',
    "import('node:fs')",
    'async () => 1',
    'import.meta.url',
  ];
  for (const code of impure) expect(impurities(`const a = ${code};`), code).toHaveLength(1);
  for (const code of [
    'new Date(0).toISOString()',
    'Math.max(1, 2)',
    "Temporal.Instant.from('')",
    '{ process: 1 }',
    'a.process',
  ]) {
    expect(impurities(`const a = ${code};`), code).toEqual([]);
  }
});

test('nothing in src/rules reads the clock, chance or the world, or waits', () => {
  const files = globSync('src/rules/**/*.ts');
  expect(files.length).toBeGreaterThan(5);
  expect(
    files.flatMap((file) => impurities(readFileSync(file, 'utf8'), file)),
    'pass it in as an argument',
  ).toEqual([]);
});

test('only src/config.ts reads the environment', () => {
  const readers = globSync('src/**/*.ts').filter((file) => readFileSync(file, 'utf8').includes('process.env'));
  expect(readers, 'add a setting to src/config.ts').toEqual(['src/config.ts']);
});
