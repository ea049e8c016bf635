// Warehouses of this product count whole pieces.

const PIECE: ReadonlySet<string> = new Set(["EA", "C62", "H87", "PCE"]);

/** The number of pieces, or why there is none. */
export function piecesOf(line: { lineId: string; quantity: string; unit?: string }): number | string {
  if (line.unit !== undefined && !PIECE.has(line.unit)) {
    return `line ${line.lineId} is counted in ${line.unit}, and WEST counts pieces`;
  }
  if (!/^[1-9]\d{0,14}(\.0+)?$/.test(line.quantity)) {
    return `line ${line.lineId} asks for ${line.quantity}, and WEST counts whole pieces`;
  }
  return Number(line.quantity);
}
