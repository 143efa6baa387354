import type { FastifyInstance, InjectOptions } from 'fastify';
import pino from 'pino';
import { buildApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { Scope, Services } from '../../src/context.ts';
import { loadPacks } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { createServices } from '../../src/services.ts';
import { type Check, createCheck, openapiOf } from './contract.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

const ADMIN_KEY = 'test-admin-key-with-every-scope';
const policy = createRegistry(loadPacks());

export interface TestAnswer {
  readonly status: number;
  /** Parsed JSON, the parsed lines of NDJSON, or the text of another content type. */
  readonly body: ReturnType<typeof JSON.parse>;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
}

export type TestHeaders = Readonly<Record<string, string>>;

export interface TestApp {
  readonly app: FastifyInstance;
  readonly config: Config;
  readonly services: Services;
  readonly database: TestDatabase;
  readonly keys: { readonly admin: string };
  /** Everything that was logged, a line each. */
  readonly logged: readonly string[];
  /** Sets the service's clock; it stands still in between. */
  readonly setNow: (instant: string) => void;
  /** A key of a new client with these scopes. */
  readonly keyWith: (scopes: readonly Scope[], collectorId?: string) => Promise<string>;
  /**
   * One REST request, as the admin unless the headers carry another `authorization` (empty: none at all). Throws when
   * the answer is not as openapi.yaml declares it.
   */
  readonly call: (
    method: InjectOptions['method'],
    path: string,
    body?: unknown,
    headers?: TestHeaders,
  ) => Promise<TestAnswer>;
  /** One GraphQL request; `body` has `data` and `errors`. */
  readonly graphql: (
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    headers?: TestHeaders,
  ) => Promise<TestAnswer>;
  /** Closes the app, and the database if this app made it. */
  readonly close: () => Promise<void>;
}

export interface TestAppOptions {
  readonly now?: string;
  readonly sandbox?: boolean;
  /** Further environment variables, such as `RATE_LIMIT_PER_SECOND`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Share one between two apps to test two replicas. */
  readonly database?: TestDatabase;
}

function parsed(contentType: string, text: string): ReturnType<typeof JSON.parse> {
  if (contentType.startsWith('application/x-ndjson'))
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return contentType.includes('json') ? JSON.parse(text) : text;
}

/** The whole service on a database of its own, without a socket. Call in `beforeAll`, `close` in `afterAll`. */
export async function buildTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.database ?? (await createTestDatabase());
  let now = Temporal.Instant.from(options.now ?? '2026-11-23T10:00:00+08:00');
  const config = readConfig({
    DATABASE_URL: database.url,
    ADMIN_API_KEY: ADMIN_KEY,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
    BLIND_INDEX_KEY: Buffer.alloc(32, 2).toString('base64'),
    SANDBOX: options.sandbox === false ? '0' : '1',
    ...options.settings,
  });
  const services = createServices(config, database.pool, { clock: () => now, policy });
  const logged: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const app = await buildApp({ config, services, logger, lifecycle: { draining: false } });
  await app.ready();

  let check: Check | undefined;
  const call: TestApp['call'] = async (method, path, body, headers = {}) => {
    const sent: Record<string, string> = { authorization: `Bearer ${ADMIN_KEY}`, ...headers };
    if (sent.authorization === '') delete sent.authorization;
    const answer = await app.inject({
      method: method!,
      url: path,
      headers: sent,
      ...(body === undefined ? {} : { payload: body as NonNullable<InjectOptions['payload']> }),
    });
    const contentType = answer.headers['content-type']?.toString() ?? '';
    const received = parsed(contentType, answer.body);
    check ??= createCheck(openapiOf(app));
    const undeclared = check(method!, path, { status: answer.statusCode, body: received, contentType });
    if (undeclared.length > 0) throw new Error(`not as openapi.yaml says:\n${undeclared.join('\n')}`);
    return { status: answer.statusCode, body: received, headers: answer.headers };
  };
  let clients = 0;
  return {
    app,
    config,
    services,
    database,
    keys: { admin: ADMIN_KEY },
    logged,
    setNow: (instant) => {
      now = Temporal.Instant.from(instant);
    },
    keyWith: async (scopes, collectorId) => {
      clients += 1;
      const clientId = `test-client-${clients}-${Math.random().toString(36).slice(2)}`;
      const answer = await call('POST', '/v1/api-clients', {
        clientId,
        name: clientId,
        scopes,
        collectorId: collectorId ?? null,
      });
      if (answer.status !== 201) throw new Error(`no key: ${JSON.stringify(answer.body)}`);
      return answer.body.key as string;
    },
    call,
    graphql: (query, variables = {}, headers = {}) => call('POST', '/graphql', { query, variables }, headers),
    close: async () => {
      await app.close();
      if (options.database === undefined) await database.drop();
    },
  };
}
