import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { beforeAll, expect, test } from 'vitest';

let result: ICruiseResult;
beforeAll(async () => {
  const options = await extractOptions('./.dependency-cruiser.cjs');
  const { output } = await cruise(['src', 'bench', 'test'], options, undefined, {
    tsConfig: extractTsConfig('./tsconfig.json'),
  });
  result = output as ICruiseResult;
});

test('the layout check sees the whole source, types and all', () => {
  // Without a TypeScript compiler below 7 the tool reads nothing and reports no violation.
  expect(result.summary.totalCruised).toBeGreaterThan(30);
  const registry = result.modules.find(({ source }) => source === 'src/policy/registry.ts');
  expect(registry?.dependencies.map(({ resolved }) => resolved)).toContain('src/rules/contact/compile.ts');
});

test('every import follows the table in .dependency-cruiser.cjs', () => {
  const broken = result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
  expect(broken, 'run `npx depcruise src bench test` for the reasons').toEqual([]);
});
