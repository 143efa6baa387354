import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { hashOf } from './holder.ts';
import type { Pack } from './load.ts';

const FOLDER = fileURLToPath(new URL('./packs/', import.meta.url));

/** The text of a version that ships with the release; undefined when the file is not the one that was loaded. */
export function fileSourceOf({ document: { pack, version }, contentHash }: Pack): string | undefined {
  const source = readFileSync(`${FOLDER}${pack}/${version}.yaml`, 'utf8');
  return hashOf(source) === contentHash ? source : undefined;
}

/** What a version says, as it was written: no default is filled in. */
export function documentOf(source: string): Record<string, unknown> {
  return parse(source) as Record<string, unknown>;
}
