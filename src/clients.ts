import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { newClientSchema, rotateSchema } from './clients/schemas.ts';
import { createClient, listClients, revokeClient, rotateKey } from './clients/service.ts';
import { ConfigError, readConfig } from './config.ts';
import { type Ctx, SCOPES } from './context.ts';
import { createPool } from './db/database.ts';
import { AppError } from './errors.ts';
import { createLogger } from './logger.ts';
import { createServices } from './services.ts';
import { idSchema, parseInput } from './validation.ts';

/** `npm run clients -- …`: API clients for ops, straight on DATABASE_URL. Prints JSON; a key is shown once. */
const USAGE = `Usage: npm run clients -- <command>
  list
  create <clientId> --name <name> --scopes <scope,scope> [--collector <collectorId>]
  rotate <clientId> [--overlap-seconds <seconds>]   a further key; older ones end after the overlap (86400)
  revoke <clientId>                                 ends the client and all its keys
Scopes: ${SCOPES.join(', ')}`;

const OPTIONS = {
  name: { type: 'string' },
  scopes: { type: 'string' },
  collector: { type: 'string' },
  'overlap-seconds': { type: 'string', default: '86400' },
} as const;

async function run(args: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [command, clientId] = positionals;
  if (!command || !['list', 'create', 'rotate', 'revoke'].includes(command)) throw new UsageError(USAGE);
  const config = readConfig();
  if (config.databaseUrl === null) {
    throw new UsageError(
      'DATABASE_URL is not set. For the embedded database use POST /v1/api-clients with the key that the start prints.',
    );
  }
  const log = await createLogger('silent');
  const pool = createPool(
    { url: config.databaseUrl, maxConnections: 2, statementTimeoutMs: config.statementTimeoutMs },
    log,
  );
  try {
    const services = createServices(config, pool);
    const ctx: Ctx = {
      ...services,
      policy: services.policy.current(),
      policyHolder: services.policy,
      caller: { clientId: 'ops', scopes: new Set(['admin']), collectorId: null },
      now: services.clock(),
      language: 'en',
      requestId: 'ops',
      log,
    };
    const answer = await answerOf(ctx, command, clientId, values);
    process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  } finally {
    await pool.end();
  }
}

class UsageError extends Error {}

async function answerOf(
  ctx: Ctx,
  command: string,
  clientId: string | undefined,
  values: Partial<Record<keyof typeof OPTIONS, string>>,
): Promise<unknown> {
  if (command === 'list') return listClients(ctx);
  if (command === 'create') {
    const input = {
      clientId,
      name: values.name,
      scopes: values.scopes?.split(','),
      collectorId: values.collector,
    } as unknown as z.input<typeof newClientSchema>;
    return (await createClient(ctx, parseInput(newClientSchema, input))).answer;
  }
  const id = parseInput(idSchema, clientId);
  if (command === 'revoke') return revokeClient(ctx, id);
  const { overlapSeconds } = parseInput(rotateSchema, { overlapSeconds: Number(values['overlap-seconds']) });
  return (await rotateKey(ctx, id, overlapSeconds)).answer;
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  const expected =
    error instanceof AppError ||
    error instanceof ConfigError ||
    error instanceof UsageError ||
    code?.startsWith('ERR_PARSE_ARGS') ||
    code === 'ECONNREFUSED';
  const problems =
    error instanceof AppError ? error.errors.map(({ pointer, message }) => `\n  ${pointer}: ${message}`).join('') : '';
  process.stderr.write(`${expected ? (error as Error).message + problems : (error as Error).stack}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
