import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { settingsSchema } from '../../src/config.ts';
import { loadPacks } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  type Block,
  commandsOf,
  fencedBlocks,
  formatAnswer,
  parseAnswer,
  type Shell,
  shown,
  shownText,
  withBlocks,
} from '../support/readme.ts';
import { deciding } from '../support/registry.ts';

const README = readFileSync('README.md', 'utf8');
const CHINESE = readFileSync('README.zh-CN.md', 'utf8');
const ADDRESS = 'http://127.0.0.1:3000';
const scripts: Record<string, string> = JSON.parse(readFileSync('package.json', 'utf8')).scripts;

interface Service {
  readonly address: string;
  readonly key: string;
  /** What the terminal shows, at the address of the README. */
  readonly banner: string;
  /** Everything it has written, errors too. */
  readonly said: () => string;
  readonly stop: () => Promise<void>;
}

let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  service = undefined;
});

/** The service as `npm start` starts it on a bare machine, on a free port and with a folder of its own. */
async function startService(): Promise<Service> {
  const dataDir = mkdtempSync(join(tmpdir(), 'readme-'));
  // As root the database server is another OS user, who must be able to pass through.
  chmodSync(dataDir, 0o711);
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['src/main.ts'], {
    env: { PATH, HOME, DATA_DIR: join(dataDir, 'data'), PORT: '0', SANDBOX: '1', LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(dataDir, { recursive: true, force: true });
  };
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: unknown) => {
      said += chunk;
      const [, address, key] = /listens on (\S+)\s.*development key\s+(\S+)\s.*call-2.*\n\n/s.exec(said) ?? [];
      if (address && key) resolve({ address, key, banner: said.replaceAll(address, ADDRESS), said: () => said, stop });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    exited.then(() => reject(new Error(`the service ended: ${said}`)), reject);
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends what a curl command says. Knows the options that the README uses and no others. */
async function curl(words: readonly string[], address: string): Promise<Answer> {
  const headers = new Headers();
  let [url, method, implied, body]: (string | undefined)[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    if (word.startsWith('http')) url = word;
    else if (word === '-X') method = words[++index];
    else if (word === '-d') [implied, body] = ['POST', words[++index]];
    else if (word === '-T') [implied, body] = ['PUT', readFileSync(words[++index]!, 'utf8')];
    else if (word === '-u') headers.set('authorization', `Basic ${Buffer.from(words[++index]!).toString('base64')}`);
    else if (word === '-H') headers.append(...(words[++index]!.split(/: (.*)/s) as [string, string]));
    else if (word !== '-s') throw new Error(`curl ${word} is not understood`);
  }
  // What curl calls a body that no header describes.
  if (body !== undefined && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded');
  const target = url!.replace(ADDRESS, address);
  const answer = await fetch(target, { method: method ?? implied ?? 'GET', headers, ...(body ? { body } : {}) });
  const text = await answer.text();
  if (!/\/v1\/(imports|call-records)\//.test(url!) || !/"status":"(queued|running)"/.test(text))
    return { status: answer.status, text };
  await sleep(100);
  return curl(words, address);
}

/** A terminal in which commands of the README are carried out, one script after the other; gives the answers of each. */
function openTerminal(run: Service): (script: string) => Promise<Answer[]> {
  const shell: Shell = { variables: new Map(), functions: new Map() };
  // The newest id of each kind, which a reader pastes where a command says `res_…`.
  const ids = new Map([['ck_admin', run.key]]);
  const pasted = (word: string) =>
    word.replace(/\b(ck_admin|[a-z]+)_…/g, (placeholder, kind: string) => ids.get(kind) ?? placeholder);

  async function carryOut(script: string, args: readonly string[] = []): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const words of commandsOf(script, shell, args)) {
      const command = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
      const assigned = words.slice(0, command === -1 ? undefined : command).map((word) => pasted(word).split(/=(.*)/s));
      const before = new Map(shell.variables);
      for (const [name = '', value = ''] of assigned) shell.variables.set(name, value);
      if (command === -1) continue;
      answers.push(...(await carryOutCommand(words.slice(command))));
      for (const [name = ''] of assigned) shell.variables.set(name, before.get(name) ?? '');
    }
    return answers;
  }

  async function carryOutCommand([name = '', ...args]: readonly string[]): Promise<Answer[]> {
    const body = shell.functions.get(name);
    if (body !== undefined) return carryOut(body, args);
    if (name !== 'curl') {
      checkTool(name, args);
      return [];
    }
    const answer = await curl(args.map(pasted), run.address);
    for (const [id, kind] of answer.text.matchAll(/\b(dec|res|imp|ck|ut|cru|inc|dup|mrg)_[\w-]{30,}/g))
      ids.set(kind!, id);
    return [answer];
  }

  return carryOut;
}

/** Commands that are no request: what they name exists. The sample is written; the migrations have a test of their own. */
function checkTool(tool: string, [verb = '', script = '', ...args]: readonly string[]): void {
  if (script === 'sample') {
    const [program, ...words] = scripts.sample!.split(' ');
    expect(spawnSync(program!, [...words, ...args.slice(1)], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  }
  if (tool === 'docker') expect([verb, existsSync('compose.yaml')]).toEqual(['compose', true]);
  else if (`${tool} ${verb}` !== 'npm ci') expect(Object.keys(scripts)).toContain(verb === 'run' ? script : verb);
}

/** The README with what the service really says in place of every answer, and the lines that its links mean. */
async function truthOf(markdown: string, run: Service): Promise<string> {
  const carryOut = openTerminal(run);
  const texts = new Map<Block, string>();
  let script: Block | undefined;
  let answers: Answer[] = [];
  for (const block of fencedBlocks(markdown)) {
    if (block.language === 'sh') {
      script = block;
      answers = await carryOut(block.text);
      // A refusal may be the example; it is then the last answer, and never a failure of the service.
      const failed = answers.find(({ status }, index) => status > (index === answers.length - 1 ? 499 : 299));
      if (failed) throw new Error(`${block.text}answers ${failed.text}\n${run.said()}`);
    } else if (block.language === 'text' && script?.text.includes('npm start')) {
      texts.set(block, shownText(block.text, run.banner));
    } else if (block.language === 'text' && script && isBehind(markdown, script, block)) {
      texts.set(block, shownText(block.text, answers.at(-1)?.text ?? ''));
    } else if (block.language === 'json') {
      const last = answers.at(-1);
      if (!last) throw new Error(`no command before the answer ${block.text}`);
      texts.set(block, `${formatAnswer(shown(parseAnswer(block.text), JSON.parse(last.text)))}\n`);
    }
  }
  return withBlocks(markdown, texts).replace(
    /\[`([\w.-]+)`\]\(([^)#]+)#L\d+\)/g,
    (_, name: string, path: string) => `[\`${name}\`](${path}#L${lineOf(path, name)})`,
  );
}

/** True where nothing stands between a script and what it answers. */
function isBehind(markdown: string, script: Block, block: Block): boolean {
  return markdown.slice(script.from + script.text.length, block.from) === '```\n```text\n';
}

function lineOf(path: string, rule: string): number {
  const line = readFileSync(path, 'utf8').split('\n').indexOf(`  - id: ${rule}`) + 1;
  if (line === 0) throw new Error(`${path} has no rule ${rule}`);
  return line;
}

describe.each(['README.md', 'README.zh-CN.md'])('%s', (file) => {
  const markdown = file === 'README.md' ? README : CHINESE;

  test('every command works, and every answer is what the service says', { timeout: 60_000 }, async () => {
    service = await startService();
    await expect(await truthOf(markdown, service), 'run `npm run contracts`').toMatchFileSnapshot(`../../${file}`);
  });

  test('every link, path, script and setting exists', () => {
    const links = [...markdown.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path!);
    const paths = [
      ...markdown.matchAll(/`((?:src|test|migrations|bench|scripts)\/[^`\s*<]*|[\w-]+\.(?:ya?ml|json|graphql))`/g),
    ];
    const named = [...links, ...paths.map(([, path]) => path!)];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
    const set = [...markdown.matchAll(/`([A-Z_]+)=/g)].map(([, setting]) => setting!);
    expect(set.filter((setting) => !(setting in settingsSchema.shape))).toEqual([]);
    const called = [...markdown.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script!);
    expect(called.filter((script) => !(script in scripts))).toEqual([]);
  });
});

test('the migration commands end with the exit codes that are written beside them', async () => {
  const database = await createTestDatabase('empty');
  try {
    const verbs = [...README.matchAll(/^npm run migrate -- (\w+) /gm)].map(([, verb]) => verb!);
    const [program, ...args] = scripts.migrate!.split(' ');
    const env = { PATH: process.env.PATH, DATABASE_URL: database.url };
    const codes = verbs.map((verb) => `${verb} ${spawnSync(program!, [...args, verb], { env }).status}`);
    // Nothing is applied at first, so `status` has something pending; after `up` no file differs.
    expect(codes).toEqual(['status 3', 'plan 0', 'up 0', 'verify 0']);
  } finally {
    await database.drop();
  }
});

test('a rule is changed by the five steps of the README', () => {
  const [, old = '', copy = ''] = /`cp src\/policy\/packs\/(\S+) src\/policy\/packs\/(\S+)`/.exec(README) ?? [];
  const [from, to] = [basename(old, '.yaml'), basename(copy, '.yaml')];
  const folder = mkdtempSync(join(tmpdir(), 'packs-'));
  try {
    cpSync('src/policy/packs', folder, { recursive: true });
    const source = readFileSync(join(folder, old), 'utf8');
    const changed = source
      .replace(`version: "${from}"`, `version: "${to}"`)
      .replace(`effectiveFrom: "${from}"`, `effectiveFrom: "${to}"`);
    const hours = 'windows: [{ from: "08:00", to: "22:00" }]';
    writeFileSync(join(folder, copy), changed.replace(hours, 'windows: [{ from: "08:00", to: "21:00" }]'));
    const registry = createRegistry(loadPacks(folder));
    const change = Temporal.PlainDate.from(to).toZonedDateTime('Asia/Shanghai').epochMilliseconds;
    const versionAt = (ms: number) =>
      deciding(registry, ['CN'], ms)
        .map(({ id }) => id)
        .filter((id) => id.startsWith('cn-credit-card@'));
    expect([versionAt(change - 1), versionAt(change)]).toEqual([[`cn-credit-card@${from}`], [`cn-credit-card@${to}`]]);
    writeFileSync(join(folder, copy), changed.replace(hours, 'windows: [{ from: "09:00", to: "22:00" }]'));
    expect(() => loadPacks(folder)).toThrow(
      new RegExp(`${to}\\.yaml:\\d+: .*the example "08:00:00 is inside the hours"`),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What both languages have in common: the outline, the commands, and the answers but for their texts. */
function outlineOf(markdown: string) {
  const blocks = fencedBlocks(markdown);
  const withoutTexts = (key: string, value: unknown) => (/^(text|citation|reasonText)$/.test(key) ? '' : value);
  return {
    headings: [...withBlocks(markdown, new Map(blocks.map((block) => [block, '']))).matchAll(/^#+ /gm)].map(
      ([level]) => level,
    ),
    commands: blocks
      .filter(({ language }) => language === 'sh')
      .map(({ text }) =>
        text
          .replace(/(?<!\S)#.*/g, '')
          .replaceAll(" -H 'Accept-Language: en'", '')
          .replace(/[ \t]+$/gm, ''),
      ),
    answers: blocks
      .filter(({ language }) => language === 'json')
      .map(({ text }) => JSON.stringify(parseAnswer(text), withoutTexts)),
  };
}

test('both languages have the same headings, commands and answers', () => {
  expect(outlineOf(CHINESE)).toEqual(outlineOf(README));
  expect(outlineOf(README).answers.length).toBeGreaterThan(10);
});
