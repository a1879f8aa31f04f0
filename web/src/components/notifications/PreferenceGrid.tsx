/** Category by way of delivery: a switch or a choice in every cell. */

import { Lock } from "lucide-react";
import type { CSSProperties } from "react";
import type { Category, Deliveries, Frequency, Preferences } from "../../contract";
import { categories } from "../../services/websocket/notifications/kinds";
import type { PreferencesChange } from "../../services/websocket/notifications/preferences";
import { Toggle } from "../Toggle";
import { kindOf } from "./kinds";

interface Props {
  preferences: Preferences;
  onChange: (change: PreferencesChange) => void;
}

type Way = keyof Deliveries;

const WAYS: Record<Way, string> = { in_app: "Inbox", toast: "Pop-up", email: "Email", push: "Push" };
const SENT = ["email", "push"] as const;
const OFTEN: Record<Frequency, string> = {
  off: "Off",
  immediate: "At once",
  daily: "Daily",
  weekly: "Weekly",
};

export function PreferenceGrid({ preferences, onChange }: Props) {
  const { channels } = preferences;
  const missing = SENT.filter((way) => !channels.includes(way));
  return (
    <>
      <table className="cw-grid">
        <thead>
          <tr>
            <th scope="col">Category</th>
            {Object.values(WAYS).map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {categories.map((category) => (
            <Row key={category} {...{ category, preferences, onChange }} />
          ))}
        </tbody>
      </table>
      {missing.length > 0 && (
        <p className="cw-pref-hint">
          {missing.length > 1 ? "Email and push are" : `${WAYS[missing[0] ?? "email"]} is`} not set up on this
          server.
        </p>
      )}
    </>
  );
}

function Row({ category, preferences, onChange }: Props & { category: Category }) {
  const { label, Icon, hue } = kindOf(category);
  const deliveries = preferences.categories[category];
  if (!deliveries) return null;
  const locked = preferences.mandatory.includes(category);
  const change = (way: Way, value: Frequency): void =>
    onChange({ categories: { [category]: { [way]: value } } });
  const toggle = (way: "in_app" | "toast", disabled: boolean) => (
    <Toggle
      aria-label={`${label}: ${WAYS[way]}`}
      checked={deliveries[way] !== "off" && (way === "in_app" || deliveries.in_app !== "off")}
      disabled={disabled}
      onCheckedChange={(on) => change(way, on ? "immediate" : "off")}
    />
  );
  return (
    <tr>
      <th scope="row">
        <span className="cw-news-sign" style={{ "--cw-hue": hue } as CSSProperties} aria-hidden="true">
          <Icon size={16} />
        </span>
        {label}
      </th>
      <td data-way={WAYS.in_app}>
        {toggle("in_app", locked)}
        {locked && (
          <span className="cw-pref-lock" title="These always reach your inbox.">
            <Lock size={13} aria-hidden="true" />
            <span className="cw-hidden">These always reach your inbox.</span>
          </span>
        )}
      </td>
      <td data-way={WAYS.toast}>{toggle("toast", deliveries.in_app === "off")}</td>
      {SENT.map((way) => (
        <td key={way} data-way={WAYS[way]}>
          <select
            className="cw-choice-select"
            aria-label={`${label}: ${WAYS[way]}`}
            value={deliveries[way]}
            disabled={!preferences.channels.includes(way)}
            onChange={({ target }) => change(way, target.value as Frequency)}
          >
            {Object.entries(OFTEN).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </td>
      ))}
    </tr>
  );
}
