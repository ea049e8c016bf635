// The key of the state that a lane's messages are drawn from: most lanes are named by it, figures of a SKU have lanes
// of their own beside it, `stock:main/A@availability` and `stock:main/A@EAST/available//`.

const FIGURES = /^(stock:.+?)@(?:availability|[^/]*\/[^/]*\/[^/]*\/[^/]*)$/;

export function rootKeyOf(lane: string): string {
  return FIGURES.exec(lane)?.[1] ?? lane;
}
