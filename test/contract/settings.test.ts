import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { SECRET_SETTINGS, settingsSchema } from '../../src/config.ts';

interface Setting {
  readonly name: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The settings as the service reads them, in the words of the README's table. */
function settingsOfCode(unset: string): Setting[] {
  const { properties = {} } = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties as Record<string, { default?: unknown; description?: string }>).map(
    ([name, { default: fallback, description = '' }]) => ({
      name: SECRET_SETTINGS.includes(name) ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``,
      fallback: fallback === undefined ? unset : `\`${fallback}\``,
      meaning: description,
    }),
  );
}

/** The rows of the one table whose first cells are settings. */
function settingsOfReadme(file: string): Setting[] {
  const rows = readFileSync(file, 'utf8').matchAll(/^\| (`[A-Z_]+`[^|]*) \| ([^|]*) \| (.*) \|$/gm);
  return [...rows].map(([, name = '', fallback = '', meaning = '']) => ({ name, fallback, meaning }));
}

test('README.md lists every setting with its default and meaning, as src/config.ts has them', () => {
  expect(settingsOfReadme('README.md'), 'edit the table of README.md').toEqual(settingsOfCode('unset'));
});

test('README.zh-CN.md lists the same settings and defaults, each with a meaning of its own', () => {
  const written = settingsOfReadme('README.zh-CN.md');
  const names = ({ name, fallback }: Setting) => [name, fallback];
  expect(written.map(names), 'edit the table of README.zh-CN.md').toEqual(settingsOfCode('不设').map(names));
  expect(written.filter(({ meaning }) => !/\p{Script=Han}/u.test(meaning))).toEqual([]);
});
