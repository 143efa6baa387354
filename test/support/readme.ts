/**
 * The examples of a README: fenced blocks, the few words of sh that its commands use, and answers in JSON in which `…`
 * stands for what differs from run to run (`"dec_…"`, `"at": …`) or is left out (`…` alone, at the end). Pure.
 */

export interface Block {
  readonly language: string;
  readonly text: string;
  /** Offset of the text in the document. */
  readonly from: number;
}

export function fencedBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([fence, language = '', text = ''], index, all) => ({
    language,
    text,
    from: all[index]!.index + fence.indexOf('\n') + 1,
  }));
}

/** The document with the texts of some blocks replaced. */
export function withBlocks(markdown: string, texts: ReadonlyMap<Block, string>): string {
  let result = '';
  let at = 0;
  for (const [{ from, text: old }, text] of [...texts].sort(([a], [b]) => a.from - b.from)) {
    result += markdown.slice(at, from) + text;
    at = from + old.length;
  }
  return result + markdown.slice(at);
}

export interface Shell {
  readonly variables: Map<string, string>;
  /** Bodies of `name() { …; }` on one line. */
  readonly functions: Map<string, string>;
}

const PIECE =
  /(?<gap>[ \t]+|\\\n)|(?<end>\n|;|&&)|(?<comment>(?<!\S)#.*)|(?<name>\w+)\(\) \{ (?<body>.*); \}|'(?<literal>[^']*)'|"\$\{@:2\}"(?<rest>)|"(?<quoted>[^"\\]*)"|(?<bare>[^\s'"\\;&|<>()`]+)/y;

/**
 * The commands of a script as words, each expanded when it is asked for, so that an assignment that the caller carries
 * out holds from then on. Throws for what it does not know of sh.
 */
export function* commandsOf(script: string, shell: Shell, args: readonly string[] = []): Generator<string[]> {
  const expand = (text: string) =>
    text.replace(/\$(\w+)/g, (_, name: string) => {
      const value = name === '1' ? args[0] : shell.variables.get(name);
      if (value === undefined) throw new Error(`$${name} has no value`);
      return value;
    });
  let words: string[] = [];
  let open = false;
  const add = (text: string) => {
    if (open) words.push(words.pop()! + text);
    else words.push(text);
    open = true;
  };
  PIECE.lastIndex = 0;
  for (let at = 0; at < script.length; ) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(script)?.groups;
    if (!piece) throw new Error(`not understood: ${script.slice(at).split('\n')[0]}`);
    at = PIECE.lastIndex;
    if (piece.gap !== undefined || piece.comment !== undefined) open = false;
    else if (piece.name !== undefined) shell.functions.set(piece.name, piece.body!);
    else if (piece.literal !== undefined) add(piece.literal);
    else if (piece.quoted !== undefined) add(expand(piece.quoted));
    else if (piece.bare !== undefined) add(expand(piece.bare));
    else if (piece.rest !== undefined) words.push(...args.slice(1));
    else {
      if (words.length > 0) yield words;
      [words, open] = [[], false];
    }
  }
  if (words.length > 0) yield words;
}

/** What may be left out at the end of an object or an array, and a value that may be any. */
const REST = '\u0000rest';
const ANY = '\u0000any';

/** Reads an answer of the README; undefined for an empty block. */
export function parseAnswer(text: string): unknown {
  if (text.trim() === '') return undefined;
  const open: string[] = [];
  const json = text.replace(/"(?:[^"\\]|\\.)*"|[[\]{}…]/g, (token, offset: number) => {
    if (token === '{' || token === '[') open.push(token);
    if (token === '}' || token === ']') open.pop();
    if (token !== '…') return token;
    if (text.slice(0, offset).trimEnd().endsWith(':')) return JSON.stringify(ANY);
    return open.at(-1) === '[' ? JSON.stringify(REST) : `${JSON.stringify(REST)}: 0`;
  });
  return JSON.parse(json);
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a new example does not fix: ids and keys that the service makes. */
function general(value: unknown): unknown {
  if (typeof value === 'string')
    return value
      .replace(/^(dec|res|imp|dir|ck|ut)_[\w-]{30,}$/, '$1_…')
      .replace(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, '…');
  if (Array.isArray(value)) return value.map(general);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, general(one)])) : value;
}

function fits(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.split('…').map(RegExp.escape).join('.+')}$`).test(text);
}

/** The true answer, as far as the README shows it: `…` stays where it is true, all else is what the service said. */
export function shown(written: unknown, actual: unknown): unknown {
  if (written === ANY) return written;
  if (typeof written === 'string' && typeof actual === 'string' && written.includes('…'))
    return fits(written, actual) ? written : general(actual);
  if (Array.isArray(written) && Array.isArray(actual)) {
    const rest = written.at(-1) === REST && actual.length >= written.length;
    const items = rest ? actual.slice(0, written.length - 1) : actual;
    return [...items.map((item, index) => shown(written[index], item)), ...(rest ? [REST] : [])];
  }
  if (!isObject(written) || !isObject(actual)) return general(actual);
  const rest = REST in written && Object.keys(actual).some((key) => !(key in written));
  const keys = Object.keys(actual).filter((key) => !rest || key in written);
  return Object.fromEntries([
    ...keys.map((key) => [key, shown(written[key], actual[key])]),
    ...(rest ? [[REST, 0]] : []),
  ]);
}

/** A text with `…`, compared line by line: a line that is true stays, another one becomes what was said. */
export function shownText(written: string, actual: string): string {
  const lines = written.trim().split('\n');
  return `${actual
    .trim()
    .split('\n')
    .map((line, index) => (lines[index] !== undefined && fits(lines[index], line) ? lines[index] : line))
    .join('\n')}\n`;
}

const WIDTH = 130;

/** JSON for people: as much on a line as fits. */
export function formatAnswer(value: unknown, indent = 0): string {
  const [open, close, items] = Array.isArray(value)
    ? ['[', ']', value.map((item) => formatAnswer(item, indent + 2))]
    : isObject(value)
      ? ['{ ', ' }', Object.entries(value).map(([key, one]) => formatField(key, one, indent + 2))]
      : ['', '', [value === ANY || value === REST ? '…' : JSON.stringify(value)]];
  const flat = `${open}${items.join(', ')}${close}`;
  if (open === '' || (indent + flat.length <= WIDTH && !flat.includes('\n'))) return flat;
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const joins = last !== undefined && !last.includes('\n') && !item.includes('\n');
    if (joins && indent + 2 + last.length + item.length + 3 <= WIDTH) lines[lines.length - 1] = `${last}, ${item}`;
    else lines.push(item);
  }
  return `${open.trim()} ${lines.join(`,\n${' '.repeat(indent + 2)}`)} ${close.trim()}`;
}

function formatField(key: string, value: unknown, indent: number): string {
  return key === REST ? '…' : `${JSON.stringify(key)}: ${formatAnswer(value, indent)}`;
}
