import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Db, Trx } from '../../db/database.ts';
import { fingerprint } from '../../fingerprint.ts';
import type { Mapping } from '../mapping.ts';
import { uciMapping } from '../mapping-uci.ts';
import { mappingOf } from './document-mapping.ts';
import { findSource } from './repository.ts';
import { importSourceInputSchema, type SourceDocument } from './schemas.ts';

/** Every source that a file may come from: those that ship with the service, and the bank's own. */

export interface BuiltIn {
  readonly source: string;
  readonly version: number;
  /** Null: it is read by code. */
  readonly document: SourceDocument | null;
  readonly mapping: Mapping;
  readonly contentHash: string;
}

function builtInOf(source: string, version: number, document: SourceDocument | null, mapping: Mapping): BuiltIn {
  const contentHash = fingerprint(document ?? { source, version }).toString('hex');
  return { source, version, document, mapping, contentHash };
}

function readBuiltIn(source: string, version: number): BuiltIn {
  const text = readFileSync(new URL(`./${source}.yaml`, import.meta.url), 'utf8');
  const document = importSourceInputSchema.parse(parse(text));
  return builtInOf(source, version, document, mappingOf(document));
}

/** By their names; a release that reads one of them in another way gives it the next version. */
export const BUILT_IN: ReadonlyMap<string, BuiltIn> = new Map(
  [
    readBuiltIn('default', 1),
    readBuiltIn('payments', 1),
    readBuiltIn('statements', 1),
    builtInOf('uci', 1, null, uciMapping),
  ].map((one) => [one.source, one]),
);

export interface ReadableSource {
  readonly source: string;
  readonly version: number;
  readonly charset: SourceDocument['charset'];
  readonly mapping: Mapping;
}

/** A source as of a version, the newest when none is named; undefined when there is none. */
export async function readableSource(
  db: Db | Trx,
  source: string,
  version: number | null = null,
): Promise<ReadableSource | undefined> {
  const builtIn = BUILT_IN.get(source);
  if (builtIn) {
    const { mapping, document } = builtIn;
    return { source, version: builtIn.version, charset: document?.charset ?? null, mapping };
  }
  const row = await findSource(db, source, version);
  if (!row) return undefined;
  // Written by this release or an earlier one, whose documents this one reads.
  const document = importSourceInputSchema.parse(row.document);
  return { source, version: row.version, charset: document.charset, mapping: mappingOf(document) };
}
