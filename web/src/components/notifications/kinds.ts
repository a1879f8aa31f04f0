/** How categories and priorities are called and drawn. */

import {
  Bell,
  ChartLine,
  ClipboardList,
  Cog,
  GraduationCap,
  type LucideIcon,
  Megaphone,
  MessageCircle,
  MessagesSquare,
  PenLine,
  Trophy,
} from "lucide-react";
import type { Category, Priority } from "../../contract";

interface Kind {
  label: string;
  Icon: LucideIcon;
  /** Of the colour wheel, in degrees: each category has its own tint. */
  hue: number;
}

const CATEGORIES: Record<Category, Kind> = {
  announcement: { label: "Announcements", Icon: Megaphone, hue: 60 },
  assignment: { label: "Assignments", Icon: ClipboardList, hue: 255 },
  grade: { label: "Grades", Icon: GraduationCap, hue: 150 },
  message: { label: "Messages", Icon: MessageCircle, hue: 185 },
  discussion: { label: "Discussions", Icon: MessagesSquare, hue: 210 },
  collaboration: { label: "Documents", Icon: PenLine, hue: 335 },
  milestone: { label: "Milestones", Icon: Trophy, hue: 90 },
  analysis: { label: "Analyses", Icon: ChartLine, hue: 300 },
  system: { label: "System", Icon: Cog, hue: 270 },
};

/** A category that a newer server knows and we do not has a name all the same. */
export const kindOf = (category: string): Kind =>
  CATEGORIES[category as Category] ?? { label: category, Icon: Bell, hue: 220 };

const PRIORITIES: Record<Priority, string> = { low: "Low", normal: "Normal", high: "High", urgent: "Urgent" };

export const priorityLabel = (priority: Priority): string => PRIORITIES[priority] ?? priority;
