// Alerts (RFC 8446, section 6) as whole records, for clients that are refused before a TLS connection exists.

export const DECODE_ERROR = Buffer.from('15030300020232', 'hex');
export const UNRECOGNIZED_NAME = Buffer.from('15030300020270', 'hex');
