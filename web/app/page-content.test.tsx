/** A page on its way: its outline, what stands on it, and that it could not be loaded. */

import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Later } from "../src/components/later";
import { PageContent } from "./PageContent";
import { pages } from "./pages";

describe("a page that is loaded when it is opened", () => {
  const loaded = { default: () => <p>What stands on it.</p> };
  const page = (content: Later) => ({ ...pages[0], title: "Lectern", content });

  it("shows its outline first, then what stands on it, and loads the others", async () => {
    const other = vi.spyOn(pages[1]?.content as Later, "load");
    let arrive = (_: typeof loaded): void => undefined;
    render(<PageContent page={page(new Later(() => new Promise((resolve) => (arrive = resolve))))} />);
    expect(screen.getByText("Loading Lectern")).toBeTruthy();
    expect(other).not.toHaveBeenCalled();
    arrive(loaded);
    await screen.findByText("What stands on it.");
    expect(screen.queryByText("Loading Lectern")).toBeNull();
    expect(other).toHaveBeenCalledOnce();
  });

  it("is there at once when it has been loaded before", async () => {
    const content = new Later(() => Promise.resolve(loaded));
    await content.load();
    render(<PageContent page={page(content)} />);
    expect(screen.getByText("What stands on it.")).toBeTruthy();
  });

  it("says that it could not be loaded, and tries again", async () => {
    const load = vi.fn().mockRejectedValueOnce(new TypeError("failed")).mockResolvedValue(loaded);
    render(<PageContent page={page(new Later(load))} />);
    expect((await screen.findByRole("alert")).textContent).toContain("Lectern could not be loaded.");
    await userEvent.setup().click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByText("What stands on it.");
    expect(load).toHaveBeenCalledTimes(2);
  });

  it("says that it cannot be shown when it fails, and shows it again once it does not", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
    let fails = true;
    const Fragile = () => {
      if (fails) throw new TypeError("no figures");
      return <p>What stands on it.</p>;
    };
    const content = new Later(() => Promise.resolve({ default: Fragile }));
    render(<PageContent page={page(content)} />);
    expect((await screen.findByRole("alert")).textContent).toContain("Lectern cannot be shown.");
    expect(said).toHaveBeenCalled();
    fails = false;
    await userEvent.setup().click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByText("What stands on it.");
    said.mockRestore();
  });
});
