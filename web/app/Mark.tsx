/** The sign of the house: two ends of a wire. */

export function Mark({ size = 40 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Coursewire">
      <rect width="32" height="32" rx="9" fill="#0f766e" />
      <path
        d="M8 20.5c4 0 4-9 8-9s4 9 8 9"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <circle cx="8" cy="20.5" r="2.6" fill="#fff" />
      <circle cx="24" cy="20.5" r="2.6" fill="#99f6e4" />
    </svg>
  );
}
