import { readFileSync } from 'node:fs';
import { loadPack, type Pack } from '../../src/policy/load.ts';
import type { CompiledPack } from '../../src/rules/contact/compile.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import {
  type Channel,
  type ContactFacts,
  KIND_OF_CHANNEL,
  type Purpose,
  type Role,
} from '../../src/rules/contact/facts.ts';
import { contact, facts, refusals, timed } from './builders.ts';

export type Given = NonNullable<Parameters<typeof facts>[0]>;

/** The text of a version that ships with the service, by `pack@version`. */
export function sourceOf(id: string): string {
  return readFileSync(new URL(`../../src/policy/packs/${id.replace('@', '/')}.yaml`, import.meta.url), 'utf8');
}

/** A version that ships with the service, loaded alone; its examples have run. */
export function shipped(id: string): Pack {
  return loadPack(sourceOf(id), id);
}

/** A customer of a zone, and what a pack says to contacts with them; all times are wall times of that zone. */
export function customerOf(zone: string, pack: CompiledPack) {
  const at = (wallTime: string) => Temporal.PlainDateTime.from(wallTime).toZonedDateTime(zone).epochMilliseconds;
  const wallTime = (ms: number) =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDateTime().toString();

  /** A contact on a channel, at a contact point that fits. */
  const on = (channel: Channel, given: Given = {}): ContactFacts => {
    const known = facts({ zones: [zone], ...given });
    const kind = KIND_OF_CHANNEL[channel] ?? 'phone';
    return {
      ...known,
      request: { ...known.request, channel },
      contactPoint: known.contactPoint === null ? null : { ...known.contactPoint, kind },
    };
  };
  return {
    at,
    on,
    call: (given: Given = {}) => on('voice', given),
    to: (role: Role, purpose: Purpose, given: Given = {}) =>
      on('voice', { ...given, party: { partyId: role === 'debtor' ? 'self' : 'other', role }, request: { purpose } }),
    /** The ids of the rules that refuse, and when the contact is permitted next; null is never. */
    ask: (known: ContactFacts, time: string) => {
      const verdict = evaluate([pack], known, at(time));
      return {
        refused: refusals(verdict),
        next: verdict.nextPermittedAt === null ? null : wallTime(verdict.nextPermittedAt),
      };
    },
    warnings: (known: ContactFacts, time: string) =>
      evaluate([pack], known, at(time)).warnings.map(({ rule }) => rule.spec.id),
    obligations: (known: ContactFacts, time: string) =>
      evaluate([pack], known, at(time)).obligations.map(({ spec }) => spec.code),
    contact: (time: string, ...rest: Parameters<typeof contact> extends [number, ...infer R] ? R : never) =>
      contact(at(time), ...rest),
    timed: (...[kind, windows, given]: Parameters<typeof timed>) => {
      const made = timed(kind, windows, given);
      return { ...made, windows: made.windows.map((window) => ({ ...window, zone })) };
    },
  };
}

/** Day number of a civil date. */
export function day(date: string): number {
  return Date.parse(date) / 86_400_000;
}
