import { AppError, notFound, unprocessable } from '../errors.ts';
import type { PolicyHolder } from '../policy/holder.ts';
import { loadPack, type Pack, PackError } from '../policy/load.ts';
import { createRegistry } from '../policy/registry.ts';
import type { VersionHeader } from './repository.ts';

/** What a text must be before it is a version. */

/**
 * Checks a text and runs its examples. Throws PACK_INVALID with the line, and UNPROCESSABLE when it names another pack or
 * version than the path.
 */
export function parseDraft(source: string, { pack, version }: { pack: string; version?: string }): Pack {
  const loaded = load(source);
  const { document } = loaded;
  if (document.pack !== pack)
    throw unprocessable('/source', 'INVALID_VALUE', `The text is of pack ${document.pack}, the path of ${pack}.`);
  if (version !== undefined && document.version !== version)
    throw unprocessable('/source', 'INVALID_VALUE', `The text is version ${document.version}, the path ${version}.`);
  return loaded;
}

function load(source: string): Pack {
  try {
    return loadPack(source, 'source');
  } catch (error) {
    if (error instanceof PackError) throw invalidPack(error.message);
    // Aliases without end, and nesting deeper than the stack, are refused by the parser in its own way.
    if (error instanceof ReferenceError || error instanceof RangeError) throw invalidPack('source:1: cannot be read');
    throw error;
  }
}

function invalidPack(text: string): AppError {
  const [, line = '1', message = text] = /^source:(\d+): (.*)$/s.exec(text) ?? [];
  return new AppError('PACK_INVALID', `Line ${line}: ${message}`, {
    errors: [{ pointer: '/source', code: 'PACK_INVALID', message, line: Number(line) }],
  });
}

export function headerOf({ document }: Pack): VersionHeader {
  const { title, jurisdictions, lifecycle, zone, effectiveFrom, effectiveUntil } = document;
  return { title, jurisdictions, lifecycle, zone, effectiveFrom, effectiveUntil };
}

/** Loads a stored version; a text of an earlier release may have words that this one does not know. */
export function loadStored(holder: PolicyHolder, source: string): Pack {
  try {
    return holder.load(source, 'source');
  } catch (error) {
    if (error instanceof PackError) throw invalidPack(error.message);
    throw error;
  }
}

/** Throws POLICY_TIMELINE when the versions of a pack would overlap or leave a gap. */
export function checkTimeline(published: readonly Pack[]): void {
  try {
    createRegistry(published);
  } catch (error) {
    if (error instanceof PackError) throw new AppError('POLICY_TIMELINE', `${error.message}.`);
    throw error;
  }
}

export function versionNotFound(): AppError {
  return notFound('/version', 'policy version');
}
