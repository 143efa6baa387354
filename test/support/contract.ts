import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { Document, isScalar, visit } from 'yaml';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createServices } from '../../src/services.ts';

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Response {
  readonly description: string;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response & { readonly $ref?: string }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

/** The app as it would start, and a pool that has never connected: for what the documents say, no database is needed. */
export async function buildUnconnectedApp(settings: Readonly<Record<string, string>> = {}): Promise<FastifyInstance> {
  const config = readConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 1).toString('base64')}`,
    BLIND_INDEX_KEY: Buffer.alloc(32, 2).toString('base64'),
    ...settings,
  });
  const pool = new pg.Pool({ connectionString: config.databaseUrl!, connectionTimeoutMillis: 500 });
  const services = createServices(config, pool);
  const app = await buildApp({ config, services, logger: false, lifecycle: { draining: false } });
  await app.ready();
  return app;
}

export function openapiOf(app: FastifyInstance): OpenApi {
  return app.swagger() as unknown as OpenApi;
}

/** The document as it is committed: valid under YAML 1.1 and 1.2, lists of plain values on one line. */
export function yamlOf(openapi: OpenApi): string {
  const document = new Document(openapi, { version: '1.1', aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => {
      list.flow = list.items.every(isScalar);
    },
  });
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}

export interface FoundOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Every operation of the document, with the method in capitals. */
export function operationsOf(openapi: OpenApi): FoundOperation[] {
  return Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** The response object of a status, also where it stands among the components. */
export function responseOf(openapi: OpenApi, operation: Operation, status: number | string): Response | undefined {
  const response = operation.responses[status];
  const name = response?.$ref?.replace('#/components/responses/', '');
  return name === undefined ? response : openapi.components.responses[name];
}

export interface SentAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly contentType: string;
}

/** Says what in an answer the document does not declare: nothing, when all is well. */
export type Check = (method: string, url: string, answer: SentAnswer) => string[];

const PROBLEM = 'application/problem+json';

/** Compares answers with the document: status, media type and every field, by JSON Schema alone. */
export function createCheck(openapi: OpenApi): Check {
  const ajv = createAjv(openapi);
  const operations = operationsOf(openapi).map((found) => ({ ...found, pattern: patternOf(found.path) }));
  return (method, url, { status, body, contentType }) => {
    const path = url.split('?')[0]!;
    const mediaType = contentType.split(';')[0]!;
    const found = operations
      .filter((one) => one.pattern.test(path))
      .sort((a, b) => parameters(a.path) - parameters(b.path));
    if (found.length === 0) return path.startsWith('/v1/') ? checkProblem(ajv, status, mediaType, body) : [];
    const operation = found.find((one) => one.method === method)?.operation;
    if (!operation) return method === 'HEAD' ? [] : checkProblem(ajv, status, mediaType, body);
    const declared = responseOf(openapi, operation, status);
    const where = `${method} ${path} ${status}`;
    if (!declared) return [`${where}: this status is not declared for ${operation.operationId}`];
    const schema = declared.content?.[mediaType]?.schema;
    if (!schema) return declared.content ? [`${where}: the media type ${mediaType} is not declared`] : [];
    return mismatches(compile(ajv, schema), mediaType.endsWith('json') ? body : String(body)).map(
      (text) => `${where}: ${text}`,
    );
  };
}

function checkProblem(ajv: Ajv2020, status: number, mediaType: string, body: unknown): string[] {
  if (mediaType !== PROBLEM) return [`${status}: not ${PROBLEM} but ${mediaType}`];
  return mismatches(compile(ajv, { $ref: '#/components/schemas/Problem' }), body);
}

function parameters(path: string): number {
  return path.split('{').length;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);
}

/** JSON Schema 2020-12 over the components of the document; strict, so that a keyword nobody knows is an error. */
export function createAjv(openapi: OpenApi): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addKeyword('components');
  ajv.addSchema({ $id: 'openapi', components: openapi.components });
  return ajv;
}

const compiled = new WeakMap<Ajv2020, Map<string, ValidateFunction>>();

/** A validator of a schema of the document, made once. */
export function compile(ajv: Ajv2020, schema: Schema): ValidateFunction {
  const known = compiled.get(ajv) ?? new Map<string, ValidateFunction>();
  compiled.set(ajv, known);
  const text = JSON.stringify(schema).replaceAll('"#/', '"openapi#/');
  const validate = known.get(text) ?? ajv.compile(JSON.parse(text) as Schema);
  known.set(text, validate);
  return validate;
}

/** What does not fit, as `pointer text`. */
export function mismatches(validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}
