import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import { type CompiledPack, compilePack } from '../rules/contact/compile.ts';
import { evaluate } from '../rules/contact/evaluate.ts';
import type { Calendar, EventFilter, PackSpec, RuleSpec } from '../rules/contact/policy.ts';
import { dayOfDate, startOfDay } from '../rules/time/zone.ts';
import { factsOfExample } from './example.ts';
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
  const yaml = parseDocument(source, { lineCounter: lines, merge: true });
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
  const named = <T>(list: Readonly<Record<string, T>>, what: string, name: string, path: PropertyKey[]): T =>
    Object.hasOwn(list, name) ? list[name]! : fail(path, `unknown ${what} ${name}`);
  const sourceOf = (name: string, path: PropertyKey[]) => named(document.sources, 'source', name, path);
  const setOf = (name: string, path: PropertyKey[]) =>
    named(document.eventSets, 'event set', name, path) as EventFilter;
  const calendars = Object.fromEntries(
    Object.entries(document.calendars).map(([name, calendar]) => [name, calendarOf(calendar)]),
  );
  const calendarNamed = (name: string, path: PropertyKey[]) => named(calendars, 'calendar', name, path);
  checkNames(document, fail);
  return {
    pack: document.pack,
    version: document.version,
    jurisdictions: document.jurisdictions,
    coverage: document.coverage as PackSpec['coverage'],
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
    rules: document.rules.flatMap((written, index) => {
      const at = (key: string) => ['rules', index, key];
      const { source, confidence: _, enabled, ...rest } = written;
      const rule = { ...rest, citation: sourceOf(source, at('source')) };
      return enabled ? [ruleOf(rule, at, setOf, calendarNamed)] : [];
    }),
  };
}

type Written = Omit<PackDocument['rules'][number], 'source' | 'confidence' | 'enabled'> & {
  citation: RuleSpec['citation'];
};
type Named<T> = (name: string, path: PropertyKey[]) => T;

/** Puts the event sets and calendars that a rule names in the place of their names. */
function ruleOf(
  rule: Written,
  at: (key: string) => PropertyKey[],
  setOf: Named<EventFilter>,
  calendarNamed: Named<Calendar>,
): RuleSpec {
  const resolved: Record<string, unknown> = { ...rule };
  for (const key of ['count', 'after', 'unanswered', 'reached'] as const) {
    const name = resolved[key];
    if (typeof name === 'string') resolved[key] = setOf(name, at(key));
  }
  if (typeof resolved.calendar === 'string') resolved.calendar = calendarNamed(resolved.calendar, at('calendar'));
  return resolved as unknown as RuleSpec;
}

/** Ids are used once, and what a rule or a row names is there, also where the rule is switched off. */
function checkNames(document: PackDocument, fail: Fail): void {
  const seen = new Set<string>();
  document.rules.forEach((rule, index) => {
    if (seen.has(rule.id)) fail(['rules', index, 'id'], `the rule id ${rule.id} is used twice`);
    seen.add(rule.id);
    if (rule.kind !== 'hours') return;
    const dated = rule.windows.findIndex(({ on }) => on !== undefined);
    if (dated >= 0 && rule.calendar === undefined)
      fail(['rules', index, 'windows', dated, 'on'], 'needs the `calendar` of the rule');
  });
  Object.entries(document.calendars).forEach(([name, { source }]) => {
    if (!Object.hasOwn(document.sources, source)) fail(['calendars', name, 'source'], `unknown source ${source}`);
  });
  Object.entries(document.account?.ledger ?? {}).forEach(([name, { source }]) => {
    if (!Object.hasOwn(document.sources, source))
      fail(['account', 'ledger', name, 'source'], `unknown source ${source}`);
  });
  document.parameters.forEach(({ source, rule }, index) => {
    if (!Object.hasOwn(document.sources, source)) fail(['parameters', index, 'source'], `unknown source ${source}`);
    if (rule !== undefined && !seen.has(rule)) fail(['parameters', index, 'rule'], `unknown rule ${rule}`);
  });
}

function calendarOf({ years, days }: PackDocument['calendars'][string]): Calendar {
  const all = days.flatMap(({ from, to }) => {
    const first = dayOfDate(from);
    return Array.from({ length: dayOfDate(to) - first + 1 }, (_, index) => first + index);
  });
  return { years, days: new Set(all) };
}

/** Runs one example of a pack: null when it answers as written, else what differs, in words. */
export function checkExample(pack: CompiledPack, example: PackExample): string | null {
  const verdict = evaluate([pack], factsOfExample(example, pack.spec.zone), msOf(example.at));
  const codes = verdict.reasons.map(({ code }) => code);
  const { permitted, reasons, warnings, nextPermittedAt } = example.expect;
  if (verdict.permitted !== permitted) return `is ${verdict.permitted ? 'permitted' : `refused (${codes.join(', ')})`}`;
  if (!permitted && codes.join() !== reasons.join()) return `gives the reasons ${codes.join(', ') || 'none'}`;
  const warned = verdict.warnings.map(({ code }) => code);
  if (warnings !== undefined && warned.join() !== warnings.join()) return `warns of ${warned.join(', ') || 'nothing'}`;
  if (nextPermittedAt === undefined) return null;
  const expected = nextPermittedAt === null ? null : msOf(nextPermittedAt);
  if (verdict.nextPermittedAt === expected) return null;
  return `is next permitted at ${verdict.nextPermittedAt === null ? 'no time' : new Date(verdict.nextPermittedAt).toISOString()}`;
}

function msOf(instant: string): number {
  return Temporal.Instant.from(instant).epochMilliseconds;
}
