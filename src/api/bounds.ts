// Bounds of the admin API that more than one side knows: the schemas, the server and the command line. It loads nothing, so that the
// command line can have it without zod.

const MIB = 1024 * 1024;

/** Bodies of all calls but the config. */
export const MAX_BODY_BYTES = MIB;
/** The body of a question, which a viewer may ask. */
export const MAX_QUESTION_BYTES = MIB / 4;
/** The body of `PUT /v1/config`. */
export const MAX_CONFIG_BYTES = 8 * MIB;

export const MAX_REASON_LENGTH = 500;
/** Names of pools, versions and routes in a query. */
export const MAX_NAME_LENGTH = 100;
export const MAX_REQUEST_ID_LENGTH = 300;
export const MAX_ADDRESS_LENGTH = 300;
export const MAX_DEPLOY_LENGTH = 100;
export const MAX_LINK_LENGTH = 2048;

/** Of `limit`, for every list that has pages. */
export const MAX_PER_PAGE = 100;
export const DEFAULT_PER_PAGE = 20;
/** Of `last`, for the journal. */
export const MAX_NEWEST = 1000;

/** Of the request that `explain` is asked about. */
export const MAX_METHOD_LENGTH = 64;
export const MAX_URL_LENGTH = 8192;
export const MAX_HEADERS = 100;
export const MAX_CLIENT_LENGTH = 64;
