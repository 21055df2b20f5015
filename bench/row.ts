// A row of the bench: one figure, what it should be, and whether it is. Rows of one family are measured together.

export interface Row {
  readonly family: string;
  readonly what: string;
  readonly value: number;
  readonly unit: '/s' | 'ms' | 'MB' | '×';
  /** Absent: printed for whoever reads it, and held to nothing. */
  readonly target?: { readonly atLeast: number } | { readonly below: number };
}

export type RowFamily = () => Promise<Row[]>;

export function isMet({ value, target }: Row): boolean | null {
  if (target === undefined) return null;
  return 'atLeast' in target ? value >= target.atLeast : value < target.below;
}

const number = (value: number, unit: Row['unit']): string =>
  `${value.toLocaleString('en', unit === '×' ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 })} ${unit}`;

function targetText({ target, unit }: Row): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${number(target.atLeast, unit)}` : `< ${number(target.below, unit)}`;
}

export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const met = isMet(row);
    return [
      row.family,
      row.what,
      number(row.value, row.unit),
      targetText(row),
      met === null ? '' : met ? 'met' : 'NOT MET',
    ];
  });
  const table = [['', 'what', 'median', 'target', ''], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
  const isNumber = (column: number) => column === 2 || column === 3;
  return table
    .map((line) =>
      line
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
