/** A switch as the whole campus has it. What it is called belongs to a label, or to `aria-label`. */

import { Switch } from "radix-ui";
import type { ComponentProps } from "react";

type Props = Omit<ComponentProps<typeof Switch.Root>, "asChild" | "children" | "className">;

export function Toggle(props: Props) {
  return (
    <Switch.Root {...props} className="cw-switch">
      <Switch.Thumb className="cw-switch-thumb" />
    </Switch.Root>
  );
}
