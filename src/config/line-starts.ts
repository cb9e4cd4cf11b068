// Where the lines of a text begin, behind the first: found line by line, without memory for all of them.

/** A line ends with a line feed, a carriage return, or both. */
export function* lineStarts(text: string): Generator<number, void> {
  let [feed, back] = [text.indexOf('\n'), text.indexOf('\r')];
  while (feed >= 0 || back >= 0) {
    if (back < 0 || (feed >= 0 && feed < back)) {
      yield feed + 1;
      feed = text.indexOf('\n', feed + 1);
    } else {
      if (back + 1 !== feed) yield back + 1;
      back = text.indexOf('\r', back + 1);
    }
  }
}
