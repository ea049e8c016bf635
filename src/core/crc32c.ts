// CRC-32C (Castagnoli) over the UTF-8 bytes of a text, and the partition of a key that follows from it.
// A lone surrogate counts as U+FFFD, as every UTF-8 encoder writes it.

export const PARTITIONS = 64;

const TABLE = buildTable();

function buildTable(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}

export function crc32c(text: string): number {
  let crc = -1;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      crc = TABLE[(crc ^ unit) & 0xff]! ^ (crc >>> 8);
      continue;
    }
    let point = text.codePointAt(index)!;
    if (point > 0xffff) index++;
    else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    crc = addCodePoint(crc, point);
  }
  return ~crc >>> 0;
}

function addCodePoint(start: number, point: number): number {
  let crc = start;
  if (point < 0x800) {
    crc = addByte(crc, 0xc0 | (point >>> 6));
  } else {
    if (point > 0xffff) {
      crc = addByte(crc, 0xf0 | (point >>> 18));
      crc = addByte(crc, 0x80 | ((point >>> 12) & 0x3f));
    } else {
      crc = addByte(crc, 0xe0 | (point >>> 12));
    }
    crc = addByte(crc, 0x80 | ((point >>> 6) & 0x3f));
  }
  return addByte(crc, 0x80 | (point & 0x3f));
}

function addByte(crc: number, byte: number): number {
  return TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
}

export function partitionOf(key: string): number {
  return crc32c(key) % PARTITIONS;
}
