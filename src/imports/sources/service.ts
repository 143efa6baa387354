import { accountPolicyAt } from '../../accounts/policy.ts';
import { type Ctx, requireScope } from '../../context.ts';
import { AppError, notFound, unprocessable, unprocessableFields } from '../../errors.ts';
import { fingerprint } from '../../fingerprint.ts';
import { wireInstant } from '../../validation.ts';
import { readHeader } from '../csv.ts';
import { readRow, statementAt } from '../mapping.ts';
import { mappingOf } from './document-mapping.ts';
import { findSource, insertSource, listSourceRows, lockSource, type SourceRow } from './repository.ts';
import { type ImportSource, importSourceInputSchema, MAX_SOURCES, type SourceDocument } from './schemas.ts';
import { BUILT_IN, type BuiltIn, type ReadableSource, readableSource } from './sources.ts';

export interface SourceAnswer {
  readonly source: ImportSource;
  readonly created: boolean;
}

/** How the files of every source are read: the built-in ones first, then the bank's own by their names, each as it is now. */
export async function listImportSources(ctx: Ctx): Promise<ImportSource[]> {
  requireScope(ctx, 'imports:write');
  return [...[...BUILT_IN.values()].map(ofBuiltIn), ...(await listSourceRows(ctx.db, MAX_SOURCES)).map(ofRow)];
}

/** How the files of a source are read now. Throws NOT_FOUND. */
export async function getImportSource(ctx: Ctx, source: string): Promise<ImportSource> {
  requireScope(ctx, 'imports:write');
  const builtIn = BUILT_IN.get(source);
  if (builtIn) return ofBuiltIn(builtIn);
  const row = await findSource(ctx.db, source, null);
  if (!row) throw notFound('/source', 'source of imports');
  return ofRow(row);
}

/**
 * Says how the files of a source are read from now on: a new version, none for what it says already. Imports under way keep
 * theirs. Throws PRECONDITION_FAILED when `expectedVersion` is not the newest, UNPROCESSABLE for a built-in source and for
 * a document that cannot read its own template.
 */
export async function putImportSource(
  ctx: Ctx,
  source: string,
  document: SourceDocument,
  expectedVersion: number | null,
): Promise<SourceAnswer> {
  requireScope(ctx, 'admin');
  if (BUILT_IN.has(source))
    throw unprocessable('/source', 'INVALID_VALUE', 'This source is built in; give yours another name.');
  tryTemplate(ctx, document);
  const contentHash = fingerprint(document);
  return ctx.db.transaction().execute(async (trx) => {
    await lockSource(trx, source);
    const newest = await findSource(trx, source, null);
    if (expectedVersion !== null && newest?.version !== expectedVersion)
      throw new AppError('PRECONDITION_FAILED', 'The source has changed since it was read, or does not exist.');
    if (newest?.content_hash.equals(contentHash)) return { source: ofRow(newest), created: false };
    const row = await insertSource(trx, {
      source,
      version: (newest?.version ?? 0) + 1,
      document: JSON.stringify(document),
      contentHash,
      clientId: ctx.caller.clientId,
      now: ctx.now,
    });
    return { source: ofRow(row), created: newest === undefined };
  });
}

/** A document whose own template row would be refused is one that nobody has tried. */
function tryTemplate(ctx: Ctx, document: SourceDocument): void {
  const mapping = mappingOf(document);
  const header = readHeader([...mapping.columns.required, ...mapping.columns.optional], mapping.columns);
  const { zone } = accountPolicyAt(ctx.policy, ctx.now);
  const today = ctx.now.toZonedDateTimeISO(zone).toPlainDate().toString();
  const result = readRow(mapping, header, mapping.example, statementAt(today, zone, ctx.now));
  const errors = 'problems' in result ? result.problems : [];
  if (errors.length === 0) return;
  throw unprocessableFields(
    errors.map(({ column, code }) => ({
      pointer: `/columns/${document.columns.findIndex(({ name }) => name === column)}`,
      code: 'INVALID_VALUE' as const,
      message: `The template cell of ${column} would be refused as ${code}.`,
    })),
  );
}

/** Header and one example row of a source, as CSV. Throws UNPROCESSABLE for an unknown source. */
export async function importTemplate(ctx: Ctx, source: string): Promise<string> {
  requireScope(ctx, 'imports:write');
  const { columns, example } = (await sourceNamed(ctx, source)).mapping;
  const separator = columns.separator ?? ',';
  const quoted = (cell: string) => (cell.includes(separator) ? `"${cell}"` : cell);
  const line = (cells: readonly string[]) => cells.map(quoted).join(separator);
  return `${line([...columns.required, ...columns.optional])}\r\n${line(example)}\r\n`;
}

/** The source that a query names. Throws UNPROCESSABLE. */
export async function sourceNamed(ctx: Ctx, source: string): Promise<ReadableSource> {
  const found = await readableSource(ctx.db, source);
  if (!found)
    throw unprocessable('/source', 'UNKNOWN_REFERENCE', 'There is no such source; see GET /v1/import-sources.');
  return found;
}

function ofBuiltIn({ source, version, document, contentHash }: BuiltIn): ImportSource {
  return { source, version, builtIn: true, contentHash, document, createdAt: null, createdBy: null };
}

function ofRow(row: SourceRow): ImportSource {
  return {
    source: row.source,
    version: row.version,
    builtIn: false,
    contentHash: row.content_hash.toString('hex'),
    document: importSourceInputSchema.parse(row.document),
    createdAt: wireInstant(row.created_at),
    createdBy: row.client_id,
  };
}
