import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildUnconnectedApp } from '../support/contract.ts';

const ADMIN_API_KEY = 'test-admin-key-with-every-scope';
let open: FastifyInstance;
let production: FastifyInstance;
beforeAll(async () => {
  open = await buildUnconnectedApp({ ADMIN_API_KEY, NODE_ENV: 'development' });
  production = await buildUnconnectedApp({ ADMIN_API_KEY, NODE_ENV: 'production' });
});
afterAll(async () => {
  await open.close();
  await production.close();
});

const get = (app: FastifyInstance, url: string) => app.inject({ method: 'GET', url });

async function query(
  app: FastifyInstance,
  text: string,
): Promise<{ status: number; body: ReturnType<typeof JSON.parse> }> {
  const headers = { authorization: `Bearer ${ADMIN_API_KEY}` };
  const answer = await app.inject({ method: 'POST', url: '/graphql', headers, payload: { query: text } });
  return { status: answer.statusCode, body: answer.json() };
}

/** Everything that a page or a style sheet would load. */
function sourcesOf(text: string): string[] {
  const attributes = [...text.matchAll(/<(?:script|link|img|iframe|source)[^>]+(?:src|href)="([^"]*)"/g)];
  const styles = [...text.matchAll(/url\(\s*["']?([^"')]*)/g), ...text.matchAll(/@import\s+["']([^"']*)/g)];
  return [...attributes, ...styles].map(([, source]) => source!);
}

describe('/docs', () => {
  test.each(['/docs', '/docs/'])('%s and all it loads come from this service', async (page) => {
    const html = await get(production, page);
    expect(html.statusCode).toBe(200);
    expect(html.headers['content-type']).toMatch(/^text\/html/);
    const sources = sourcesOf(html.body).map((source) => new URL(source, `http://service${page}`));
    expect(sources.length).toBeGreaterThan(5);
    for (const url of sources) {
      expect(url.host).toBe('service');
      const asset = await get(production, url.pathname);
      expect(asset.statusCode, url.pathname).toBe(200);
      if (!url.pathname.endsWith('.css')) continue;
      expect(sourcesOf(asset.body).filter((source) => !source.startsWith('data:'))).toEqual([]);
    }
  });

  test('has a policy that lets a browser load nothing from anywhere else, over plain HTTP too', async () => {
    for (const page of ['/docs', '/docs/', '/docs/static/swagger-ui-bundle.js']) {
      const policy = String((await get(production, page)).headers['content-security-policy']);
      const directives = Object.fromEntries(
        policy.split(';').map((part) => [part.trim().split(' ')[0]!, part.trim().split(' ').slice(1)]),
      );
      expect(directives['default-src']).toEqual(["'none'"]);
      expect(directives['script-src']).toEqual(["'self'"]);
      // Upgraded requests would go to a port that speaks no TLS.
      expect(directives).not.toHaveProperty('upgrade-insecure-requests');
      const sources = Object.values(directives).flat();
      expect(sources.filter((source) => !["'none'", "'self'", 'data:'].includes(source))).toEqual([]);
    }
  });

  test('asks no other host to check the document', async () => {
    const script = (await get(production, '/docs/static/swagger-initializer.js')).body;
    expect(script).toContain('validatorUrl: null');
    expect(script).toContain(`url: resolveUrl('./json')`);
    expect((await get(production, '/docs/json')).json()).toEqual((await get(production, '/openapi.json')).json());
  });
});

test('/openapi.json is openapi.yaml, and needs no key', async () => {
  const answer = await get(production, '/openapi.json');
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.json()).toEqual(parse(readFileSync('openapi.yaml', 'utf8')));
});

describe('GraphQL', () => {
  test('has its page outside production only', async () => {
    expect((await get(open, '/graphiql')).statusCode).toBe(200);
    expect((await get(production, '/graphiql')).statusCode).toBe(404);
  });

  test('shows its schema outside production only', async () => {
    const shown = await query(open, getIntrospectionQuery());
    expect(shown.body.errors).toBeUndefined();
    expect(shown.body.data.__schema.types.length).toBeGreaterThan(20);
    for (const text of [getIntrospectionQuery(), '{ __type(name: "Customer") { name } }']) {
      const hidden = await query(production, text);
      expect(hidden.status).toBe(400);
      expect(hidden.body.errors[0].extensions.code).toBe('VALIDATION_FAILED');
      expect(hidden.body.data).toBeNull();
    }
    expect((await query(production, '{ __typename }')).body).toEqual({ data: { __typename: 'Query' } });
  });

  const aliases = (count: number, field: (index: number) => string) =>
    `{ ${Array.from({ length: count }, (_, index) => field(index)).join(' ')} }`;
  const nested = (depth: number) => `{ __schema { types { ${'ofType { '.repeat(depth)}name${' }'.repeat(depth)} } } }`;

  test.each([
    ['more operations than a request may call', aliases(21, (index) => `a${index}: __typename`)],
    [
      'hidden in fragments',
      `{ ${'...F '.repeat(3)} } fragment F on Query ${aliases(21, (index) => `a${index}: __typename`)}`,
    ],
    [
      'more fields than any screen needs',
      `{ imports { ${Array.from({ length: 500 }, (_, i) => `a${i}: importId`).join(' ')} } }`,
    ],
    ['deeper than any answer', nested(14)],
    ['more tokens than a person writes', `{ imports { ${'importId '.repeat(6000)} } }`],
    ['nested without end', '{'.repeat(100_000)],
    ['a fragment in a circle', '{ ...F } fragment F on Query { ...F }'],
  ])('refuses a document with 400: %s', async (_, text) => {
    for (const app of [open, production]) {
      const { status, body } = await query(app, text);
      expect([status, body.errors[0].extensions.code, body.data]).toEqual([400, 'VALIDATION_FAILED', null]);
    }
  });

  test('takes as many as it says', async () => {
    expect(
      (
        await query(
          open,
          aliases(20, (index) => `a${index}: __typename`),
        )
      ).status,
    ).toBe(200);
    expect((await query(open, nested(5))).status).toBe(200);
  });
});
