// Makes texts safe to show: others choose reasons and names, and a terminal obeys what it is shown.

/** C0, DEL, C1, line separators, and the marks that reorder text. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Characters that a terminal would act on become `\u001b` and the like; everything else stays. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
