// Server-sent events (WHATWG HTML, section 9.2) out of the bytes of a response: bounded, in order, with the id to resume from.

export interface StreamEvent {
  /** Empty when none was sent yet. */
  readonly id: string;
  /** `message` when none was named. */
  readonly kind: string;
  readonly text: string;
}

const MAX_EVENT_LENGTH = 1024 * 1024;

/** Throws when an event has more than 1 MiB. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let [rest, id, kind] = ['', '', ''];
  let lines: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = parts.pop() ?? '';
    if (rest.length + length > MAX_EVENT_LENGTH) throw new RangeError('an event has more than 1 MiB');
    for (const line of parts) {
      if (line === '') {
        if (lines.length > 0) yield { id, kind: kind || 'message', text: lines.join('\n') };
        [kind, lines, length] = ['', [], 0];
        continue;
      }
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === 'id' && !value.includes('\0')) id = value;
      else if (name === 'event') kind = value;
      else if (name === 'data') {
        lines.push(value);
        length += value.length;
      }
    }
  }
}
