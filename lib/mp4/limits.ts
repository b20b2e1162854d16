/** Most bytes of `moof` and `mdat` of one fragment together, unless the caller says otherwise: 256 MiB. */
export const DEFAULT_MAX_FRAGMENT_BYTES: number = 256 * 1024 * 1024;

/** Most bytes of a box that is kept whole in memory beside fragments: `moov`, `ftyp`, manifest boxes, `mfra`. */
export const MAX_HEADER_BYTES: number = 64 * 1024 * 1024;
