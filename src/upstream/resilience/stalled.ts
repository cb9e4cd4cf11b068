// When a timeout says nothing about an endpoint: a thread that is late has made it itself.

/** A timeout that fires while this thread is later than this is its own: the response may lie unread. */
export const STALLED_MS = 250;
