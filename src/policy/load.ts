import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import { type CompiledPack, compilePack } from '../rules/contact/compile.ts';
import { evaluate } from '../rules/contact/evaluate.ts';
import type { ContactEvent, ContactFacts } from '../rules/contact/facts.ts';
import type { EventFilter, PackSpec, RuleSpec } from '../rules/contact/policy.ts';
import { weeklyWindow } from '../rules/time/windows.ts';
import { dayOfDate, startOfDay } from '../rules/time/zone.ts';
import { type PackDocument, type PackExample, packSchema } from './schema.ts';

/** A loaded version of a pack: what was written, what runs, and the SHA-256 of the file. */
export interface Pack {
  readonly document: PackDocument;
  readonly compiled: CompiledPack;
  readonly contentHash: string;
}

export class PackError extends Error {}

/** Reads and checks one pack. Throws PackError with file, line and reason; a pack with a failing example does not load. */
export function loadPack(source: string, file: string): Pack {
  const lines = new LineCounter();
  const yaml = parseDocument(source, { lineCounter: lines });
  const fail = (path: readonly PropertyKey[], message: string): never => {
    let node: unknown;
    for (let depth = path.length; depth > 0 && node == null; depth -= 1) node = yaml.getIn(path.slice(0, depth), true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    const line = range ? lines.linePos(range[0]).line : 1;
    throw new PackError(`${file}:${line}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);
  };
  const syntax = yaml.errors[0];
  if (syntax) throw new PackError(`${file}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message.split('\n')[0]}`);
  const parsed = packSchema.safeParse(yaml.toJS());
  if (!parsed.success) {
    // A misspelt field is a missing one too; the line that is written wrong is the one to name.
    const { issues } = parsed.error;
    const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
    const extra = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    return fail(extra === undefined ? issue.path : [...issue.path, extra], issue.message);
  }
  const document = parsed.data;
  const compiled = compilePack(specOf(document, fail));
  document.examples.forEach((example, index) => {
    const difference = checkExample(compiled, example);
    if (difference !== null) fail(['examples', index, 'expect'], `the example "${example.name}" ${difference}`);
  });
  return { document, compiled, contentHash: createHash('sha256').update(source).digest('hex') };
}

/** Loads every version of every pack below `folder` (`<pack>/<version>.yaml`), in the order of their names. */
export function loadPacks(folder = fileURLToPath(new URL('./packs/', import.meta.url))): Pack[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => loadPack(readFileSync(`${folder}/${name}`, 'utf8'), name));
}

type Fail = (path: readonly PropertyKey[], message: string) => never;

function specOf(document: PackDocument, fail: Fail): PackSpec {
  const { zone } = document;
  const sourceOf = (name: string, path: PropertyKey[]) =>
    document.sources[name] ?? fail(path, `unknown source ${name}`);
  const setOf = (name: string, path: PropertyKey[]): EventFilter =>
    document.eventSets[name] ?? fail(path, `unknown event set ${name}`);
  const seen = new Set<string>();
  return {
    pack: document.pack,
    version: document.version,
    jurisdictions: document.jurisdictions,
    zone,
    effectiveFrom: startOfDay(zone, dayOfDate(document.effectiveFrom)),
    effectiveUntil: document.effectiveUntil === null ? null : startOfDay(zone, dayOfDate(document.effectiveUntil)),
    checkValiditySeconds: document.checkValiditySeconds,
    reservationSeconds: document.reservationSeconds,
    obligations: document.obligations.map(({ source, ...rest }, index) => ({
      ...rest,
      when: rest.when as RuleSpec['when'],
      citation: sourceOf(source, ['obligations', index, 'source']),
    })),
    rules: document.rules.map((written, index) => {
      const at = (key: string) => ['rules', index, key];
      if (seen.has(written.id)) fail(at('id'), `the rule id ${written.id} is used twice`);
      seen.add(written.id);
      const { source, confidence: _, ...rest } = written;
      const citation = sourceOf(source, at('source'));
      switch (rest.kind) {
        case 'cap':
          return { ...rest, citation, count: setOf(rest.count, at('count')) } as RuleSpec;
        case 'gap':
          return { ...rest, citation, after: setOf(rest.after, at('after')) } as RuleSpec;
        case 'debtor_unreachable':
          return {
            ...rest,
            citation,
            unanswered: setOf(rest.unanswered, at('unanswered')),
            reached: setOf(rest.reached, at('reached')),
          } as RuleSpec;
        default:
          return { ...rest, citation } as RuleSpec;
      }
    }),
  };
}

/** Runs one example of a pack: null when it answers as written, else what differs, in words. */
export function checkExample(pack: CompiledPack, example: PackExample): string | null {
  const verdict = evaluate([pack], factsOfExample(example), msOf(example.at));
  const codes = verdict.reasons.map((reason) => reason.rule.spec.code);
  const { permitted, reasons, nextPermittedAt } = example.expect;
  if (verdict.permitted !== permitted) return `is ${verdict.permitted ? 'permitted' : `refused (${codes.join(', ')})`}`;
  if (!permitted && codes.join() !== reasons.join()) return `gives the reasons ${codes.join(', ') || 'none'}`;
  if (nextPermittedAt === undefined) return null;
  const expected = nextPermittedAt === null ? null : msOf(nextPermittedAt);
  if (verdict.nextPermittedAt === expected) return null;
  return `is next permitted at ${verdict.nextPermittedAt === null ? 'no time' : new Date(verdict.nextPermittedAt).toISOString()}`;
}

function msOf(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds;
}

function factsOfExample({ given }: PackExample): ContactFacts {
  const events = (list: typeof given.events): ContactEvent[] =>
    list.map((event, index) => ({ ...event, id: `e${index + 1}`, at: msOf(event.at) })).sort((a, b) => a.at - b.at);
  const person = events(given.events);
  return {
    request: {
      channel: given.channel,
      purpose: given.purpose,
      automated: given.automated,
      recording: given.recording,
      callerNumber: given.callerNumber,
      collectorKind: given.collector.kind,
      collectorId: given.collector.id,
      presentsAs: given.presentsAs,
    },
    party: { partyId: given.role === 'debtor' ? 'self' : 'other', role: given.role },
    contactPoint: {
      contactPointId: 'm1',
      kind:
        given.channel === 'email'
          ? 'email'
          : given.channel === 'im'
            ? 'im'
            : given.channel === 'letter' || given.channel === 'visit'
              ? 'postal'
              : 'phone',
      status: 'active',
      place: null,
      ofParty: true,
      wrongSince: null,
    },
    jurisdictions: [],
    zones: given.zones,
    accounts: [
      {
        accountId: 'A1',
        status: given.accountStatus,
        pastDueDay: given.pastDueSince === null ? null : dayOfDate(given.pastDueSince),
      },
    ],
    accountsNamed: true,
    directives: given.directives.map((directive, index) => {
      const from = msOf(directive.from);
      const until = directive.until === null ? null : msOf(directive.until);
      return {
        ...directive,
        directiveId: `d${index + 1}`,
        contactPointId: null,
        accountId: null,
        from,
        until,
        places: [],
        windows: directive.windows.map((window) => ({
          ...weeklyWindow(window),
          zone: given.zones[0] ?? 'UTC',
          validFrom: from,
          validUntil: until,
        })),
      };
    }),
    debtorHasValidNumber: true,
    events: { person, number: person, debtor: events(given.debtorEvents ?? []) },
  };
}
