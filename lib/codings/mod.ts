/** Content codings (RFC 9110, 8.4), undone: of a body that is all there, or piece by piece. Pure: bytes in, bytes out. */
export { canDecode, CodingError, codingsOf, decoded, decodedWhole } from "./content_coding.ts";
