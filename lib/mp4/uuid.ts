/** Live Server Manifest box, MS-SSTR 2.2.7.3. */
export const LIVE_SERVER_MANIFEST = "a5d40b30e81411ddba2f0800200c9a66";

/** Stream Manifest box, MS-SSTR 2.2.7.2. */
export const STREAM_MANIFEST = "3c2fe51befee40a3ae815300199dc348";

/** Every spelling of the Stream Manifest box's type that is in use, the one of MS-SSTR first. */
export const STREAM_MANIFESTS: readonly string[] = [
  STREAM_MANIFEST,
  "3c2fe51be4ee40a3ae815300199dc378",
  "3c2fe51befee40a3ae815300199dc378",
];

/** TfxdBox: time and duration of a fragment, MS-SSTR 2.2.4.4. */
export const TFXD = "6d1d9b0542d544e680e2141daff757b2";

/** TfrfBox: times and durations of the fragments that follow, MS-SSTR 2.2.4.5. */
export const TFRF = "d4807ef2ca3946958e5426cb9e46a79f";

/** SampleEncryptionBox of PIFF 1.1, 5.3.2. */
export const PIFF_SAMPLE_ENCRYPTION = "a2394f525a9b4f14a2446c427c648df4";

/** TrackEncryptionBox of PIFF 1.1, 5.3.3. */
export const PIFF_TRACK_ENCRYPTION = "8974dbce7be74c5184f97148f9882554";

/** ProtectionSystemSpecificHeaderBox of PIFF 1.1, 5.3.1. */
export const PIFF_PROTECTION_HEADER = "d08a4f1810f34a82b6c832d8aba183d3";
