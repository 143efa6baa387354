import type { PermissionAnswer } from '../contact/schemas.ts';
import type { DialerSetup } from '../dialers/directory.ts';
import { fieldOf, type VendorRecord } from './mapping.ts';

/**
 * Dialplans for mod_xml_curl. Every one has an action: FreeSWITCH goes on to the dialplan on its disk when it is told `not
 * found`, when the status is not 200, and when the XML cannot be read; so a refusal and an error are each a hangup.
 */

type Action = readonly [application: string, data: string];

/** How the call goes on where it is permitted; a call that nothing tells how to go on is hung up. */
export function dialplanOf(dialer: DialerSetup, record: VendorRecord, answer: PermissionAnswer): string {
  const { decisionId, reservationId, permissionToken, reasonCode, nextPermittedAt } = answer;
  const known = variables({ decisionId, reservationId, permissionToken, reasonCode, nextPermittedAt });
  if (!answer.permitted) return document(record, [...known, REJECTED]);
  const onward = onwardOf(dialer, record);
  return document(
    record,
    onward ? [...known, onward] : [...known, ...variables({ error: 'NO_DESTINATION' }), REJECTED],
  );
}

/** The hangup of an error, with its code. */
export function hangupOf(record: VendorRecord, code: string): string {
  return document(record, [...variables({ error: code }), REJECTED]);
}

const REJECTED: Action = ['hangup', 'CALL_REJECTED'];

/** Destinations that a call may name itself: FreeSWITCH expands `${…}`, so a call must not bring its own. */
const PLAIN = /^[A-Za-z0-9@._:;,/+*#=()[\]{}|!? -]{1,500}$/;

function onwardOf(dialer: DialerSetup, record: VendorRecord): Action | null {
  for (const application of ['bridge', 'transfer'] as const) {
    const named = fieldOf(dialer, record, application);
    if (named !== undefined) return typeof named === 'string' && PLAIN.test(named) ? [application, named] : null;
  }
  return dialer.onPermitted ? [dialer.onPermitted.application, dialer.onPermitted.data] : null;
}

/** Channel variables for the dialplan and the call record: `contact_…`. */
function variables(values: Readonly<Record<string, string | null>>): Action[] {
  return Object.entries(values).flatMap(([name, value]): Action[] =>
    value === null
      ? []
      : [['set', `contact_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}=${value}`]],
  );
}

function document(record: VendorRecord, actions: readonly Action[]): string {
  // The context that FreeSWITCH looks for in the answer; `Caller-` is that of the call before it was transferred.
  const context = record['Hunt-Context'] ?? record['Caller-Context'];
  const lines = actions.map(
    ([application, data]) => `          <action application="${escaped(application)}" data="${escaped(data)}"/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<document type="freeswitch/xml">
  <section name="dialplan">
    <context name="${escaped(typeof context === 'string' && context !== '' ? context : 'default')}">
      <extension name="contact-permission">
        <condition>
${lines.join('\n')}
        </condition>
      </extension>
    </context>
  </section>
</document>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text inside an attribute; characters that XML 1.0 has not are dropped. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[\t\n\r]/g, ' ')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
