/** A table that scrolls within itself, also by keyboard. */

import type { ReactNode } from "react";

interface Props {
  label: string;
  /** It is as high as the chart that it stands for, and scrolls. */
  tall?: boolean;
  children: ReactNode;
}

export function TableFrame({ label, tall, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to take the focus (WCAG 2.1.1)
    <section className="cw-table-frame" data-tall={tall || undefined} aria-label={label} tabIndex={0}>
      <table className="cw-table">{children}</table>
    </section>
  );
}
