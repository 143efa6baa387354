import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { buildApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { createPool } from './db/database.ts';
import { EmbeddedError, startEmbedded } from './db/embedded.ts';
import { MigrationError, migrate, pendingMigrations } from './db/migrate.ts';
import { ensureDevelopmentKeys } from './development-keys.ts';
import type { Lifecycle } from './http/health.ts';
import { createImportThread } from './imports/thread-work.ts';
import { startWorker } from './jobs/worker.ts';
import { createLogger } from './logger.ts';
import { openPolicy } from './policies/store.ts';
import { PackError } from './policy/load.ts';
import { sampleCommands, seedIsDone, seedSamples } from './seed.ts';
import { createServices } from './services.ts';
import { backgroundWith } from './tasks.ts';

/** The longest that the requests in flight, the pool and the embedded database may take to end. */
const CLOSE_MS = 30_000;

/** Why the service cannot start, in one sentence for the person at the terminal. */
class StartError extends Error {}

async function start(): Promise<void> {
  const given = readConfig();
  const log: FastifyBaseLogger = await createLogger(given.logLevel);
  const lifecycle: Lifecycle = { draining: false };
  const closers = closeOnSignal(given, log, lifecycle);
  try {
    const { config, url } = await findDatabase(given, log, closers);
    const pool = createPool(
      { url, maxConnections: config.poolSize, statementTimeoutMs: config.statementTimeoutMs },
      log,
    );
    closers.push(() => pool.end());
    const services = createServices(config, pool);
    if (config.databaseUrl === null) {
      await migrate(pool);
      if (!(await seedIsDone(services.db))) await seedSamples(services);
    } else {
      await checkDatabase(pool, log);
    }
    await openPolicy(services, log);
    const app = await buildApp({ config, services, logger: log, lifecycle });
    closers.push(() => closeApp(app));
    const imports = createImportThread(url, config, log);
    closers.push(() => imports.stop());
    const worker = await startWorker(services, backgroundWith(imports.work), log);
    closers.push(() => worker.stop());
    const address = await listen(app, config);
    if (config.databaseUrl === null) {
      const key = given.adminApiKey ? '$ADMIN_API_KEY' : config.adminApiKey!;
      process.stdout.write(banner(address, key, await sampleCommands(services.db, address, key)));
    }
  } catch (error) {
    // A signal during the start takes away what the start stands on; its handler ends the process.
    if (lifecycle.draining) return;
    await closeAll(closers);
    throw error;
  }
}

type Closers = (() => Promise<unknown>)[];

/** Ends what was started, the last first: requests in flight, then the pool, then the embedded database. */
async function closeAll(closers: Closers): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) await close();
}

/** On the first signal: not ready, then the drain, then the closers. A later signal ends the process at once. */
function closeOnSignal(config: Config, log: FastifyBaseLogger, lifecycle: Lifecycle): Closers {
  const closers: Closers = [];
  const drainMs = config.databaseUrl === null ? 0 : config.drainSeconds * 1000;
  const grace = closeWithGrace(
    { delay: drainMs + CLOSE_MS, logger: log, skip: ['SIGINT', 'SIGTERM'] },
    async ({ err }) => {
      lifecycle.draining = true;
      if (err) log.fatal({ err }, 'the service ends after an error that nothing caught');
      else await sleep(drainMs);
      await closeAll(closers);
    },
  );
  let firstAt: number | undefined;
  function onSignal(signal: string): void {
    // npm hands on what the terminal or a process group has sent here already: within a second it is the same signal.
    if (firstAt !== undefined && performance.now() - firstAt < 1000) return;
    if (firstAt !== undefined) process.exit(1);
    firstAt = performance.now();
    log.info(`${signal}: the service drains and ends`);
    grace.close();
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return closers;
}

/** The database that DATABASE_URL names, or an embedded one with development keys where none are set. */
async function findDatabase(
  config: Config,
  log: FastifyBaseLogger,
  closers: Closers,
): Promise<{ config: Config; url: string }> {
  if (config.databaseUrl !== null) return { config, url: config.databaseUrl };
  const starting = startEmbedded({ dataDir: config.dataDir, log });
  closers.push(() =>
    starting.then(
      ({ stop }) => stop(),
      () => undefined,
    ),
  );
  const { url } = await starting;
  const keys = ensureDevelopmentKeys(config.dataDir);
  return {
    url,
    config: {
      ...config,
      adminApiKey: config.adminApiKey ?? keys.adminApiKey,
      encryptionKeys: config.encryptionKeys ?? keys.encryptionKeys,
      blindIndexKey: config.blindIndexKey ?? keys.blindIndexKey,
      tokenSigningKeys: config.tokenSigningKeys ?? keys.tokenSigningKeys,
    },
  };
}

/** Refuses to start without the database; with one that is behind, the service starts and is not ready. */
async function checkDatabase(pool: Pool, log: FastifyBaseLogger): Promise<void> {
  let pending: string[];
  try {
    pending = await pendingMigrations(pool);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw new StartError(`The database of DATABASE_URL cannot be used (${message || code}).`);
  }
  if (pending.length > 0)
    log.error(`${pending.length} migrations are pending, so the service is not ready: run \`npm run migrate -- up\`.`);
}

/** Returns the address for people, such as `http://127.0.0.1:3000`. */
async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new StartError(
        `Port ${port} of ${host} is in use: stop the other process, or set PORT (0 takes a free one).`,
      );
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartError(`HOST ${host} and PORT ${port} cannot be listened on (${message}).`);
    throw error;
  }
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${(app.server.address() as AddressInfo).port}`;
}

/** Takes no new request and ends when those in flight are answered, not when their clients let go of the connection. */
async function closeApp(app: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), 100);
  await app.close();
  clearInterval(sweep);
}

function banner(address: string, key: string, [permitted, taken, refused]: readonly string[]): string {
  return `
collections-rules-service listens on ${address}
  API reference    ${address}/docs
  development key  ${key}

Try it: permitted, taken, refused with the reason.

${permitted}

${taken}

${refused}

`;
}

const EXPECTED = [ConfigError, EmbeddedError, MigrationError, PackError, StartError];

try {
  await start();
} catch (error) {
  const expected = EXPECTED.some((kind) => error instanceof kind);
  process.stderr.write(`${expected ? (error as Error).message : ((error as Error).stack ?? String(error))}\n`);
  process.exit(1);
}
