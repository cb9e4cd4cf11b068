// The kinds of lines in the journal, for those who write, filter and list them. Without a schema: the command line waits for no zod.

export const JOURNAL_KINDS = [
  'revision',
  'moved',
  'marker',
  'refused',
  'file-refused',
  'file-missing',
  'file-taken',
  'fallback',
  'state-lost',
  'unhealthy',
  'healthy',
  'ejected',
  'unejected',
  'endpoints',
  'secret-read',
  'secret-refused',
  'not-ready',
  'ready',
  'mirror-paused',
  'mirror-resumed',
  'rollout',
  'freeze',
  'drill',
  'preview-stuck',
  'takeover',
] as const;

export type JournalKind = (typeof JOURNAL_KINDS)[number];
