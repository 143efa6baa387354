import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { packText } from '../support/pack.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-check-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What `npm run policy -- …` does. */
function policy(...args: string[]) {
  const [program, ...script] = manifest.scripts.policy.split(' ');
  const { status, stdout, stderr } = spawnSync(program!, [...script, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('a pack in order is told with its rules, its examples and its hash', () => {
  const answer = policy('check', file('good.yaml', packText({ version: '2027-01-01' })));
  expect(answer).toMatchObject({ status: 0, stderr: '' });
  expect(answer.stdout).toMatch(
    /^zz-test@2027-01-01: 2 rules, 0 examples hold, in force from 2027-01-01, sha256 [0-9a-f]{64}\n$/,
  );
});

test('a pack with a wrong word ends with 1 and the line, and the others are checked too', () => {
  const text = packText({ version: '2027-01-01' }).replace('max: 3', 'maximum: 3');
  const line = text.split('\n').findIndex((one) => one.includes('maximum')) + 1;
  const bad = file('bad.yaml', text);
  const answer = policy(
    'check',
    bad,
    join(folder, 'missing.yaml'),
    file('good.yaml', packText({ version: '2027-01-01' })),
  );
  expect(answer.status).toBe(1);
  expect(answer.stderr).toContain(`${bad}:${line}: `);
  expect(answer.stderr).toContain('missing.yaml');
  expect(answer.stdout).toContain('zz-test@2027-01-01');
});

test('a version that overlaps one that ships with the release ends with 1, naming both', () => {
  const text = packText({ pack: 'cn-credit-card', version: '2026-02-02', effectiveFrom: '2026-02-01', account: true });
  const { status, stderr } = policy('check', file('overlap.yaml', text.replace('zone: UTC', 'zone: Asia/Shanghai')));
  expect(status).toBe(1);
  expect(stderr).toMatch(/cn-credit-card@2026-02-0[12] and cn-credit-card@2026-02-0[12] start on the same day/);
});

test('anything else ends with 2 and the usage', () => {
  for (const args of [[], ['check'], ['publish', 'x.yaml']])
    expect(policy(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage: npm run policy') });
});
