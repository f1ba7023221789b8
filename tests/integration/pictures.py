# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture of a page shows, by its pixels: light or dark, each line and image where the layout has it, nothing cut.

The layout says where lines and images are; whether they can be seen there is
counted in the picture alone.  The browser that took it also decodes it.
"""
import json
import pathlib

HEIGHT = 740                    # of a screen at least
TEXT, GRAPHIC = 4.5, 3.0        # contrasts that people need: WCAG 1.4.3 and 1.4.11
LIGHT, DARK = 0.8, 0.05         # luminance of what most of a page is
EDGE = 8                        # pixels around the page in which nothing stands; on paper the sheet's margin does that

# Each line of text by itself: between the lines of a paragraph there is nothing to be seen.
SHOWN = """(() => {
  const lines = [], put = (list, rects, what) => { for (const r of rects) if (r.width >= 1 && r.height >= 1) list.push(
    {what, x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height}); };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const node = words.currentNode, text = node.data.trim(), range = document.createRange();
    if (!text || !node.parentElement.checkVisibility({visibilityProperty: true})) continue;
    range.selectNodeContents(node);
    put(lines, range.getClientRects(), text.slice(0, 60));
  }
  const images = [];
  for (const image of document.querySelectorAll('img, svg'))
    put(images, [image.getBoundingClientRect()], image.outerHTML.slice(0, 60));
  const root = document.documentElement;
  return JSON.stringify({lines, images, width: root.clientWidth, height: Math.max(root.scrollHeight, root.clientHeight)});
})()"""

# Luminance and contrast as WCAG 2 defines them.  `ground` is the colour that most of a place has; `ink` the part that
# stands out from it.
SEEN = """(async (png, shown, edge, least) => {
  const bytes = Uint8Array.from(atob(png), c => c.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: 'image/png'}));
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  const all = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const linear = Array.from({length: 256}, (_, i) => i / 255 <= 0.04045 ? i / 255 / 12.92 : ((i / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = c => 0.2126 * linear[c & 255] + 0.7152 * linear[c >> 8 & 255] + 0.0722 * linear[c >> 16 & 255];
  const place = (x, y, width, height) => {
    const colours = new Map(), left = Math.max(0, Math.floor(x));
    const right = Math.min(image.width, Math.ceil(x + width)), below = Math.min(image.height, Math.ceil(y + height));
    for (let row = Math.max(0, Math.floor(y)); row < below; row++)
      for (let at = row * image.width + left, end = row * image.width + right, run; at < end; at = run) {
        for (run = at + 1; run < end && all[run] === all[at];) run++;
        colours.set(all[at], (colours.get(all[at]) || 0) + run - at);
      }
    let most = 0, ground = 0, count = 0, ink = 0, contrast = 1;
    for (const [colour, n] of colours) { count += n; if (n > most) { most = n; ground = luminance(colour); } }
    for (const [colour, n] of colours) {
      const other = luminance(colour), found = (Math.max(other, ground) + 0.05) / (Math.min(other, ground) + 0.05);
      contrast = Math.max(contrast, found);
      if (found >= least) ink += n;
    }
    return {ground, contrast, ink: count ? ink / count : 0, colours: colours.size};
  };
  const {width, height} = image;
  return JSON.stringify({width, height, page: place(0, 0, width, height),
    edges: [place(0, 0, edge, height), place(width - edge, 0, edge, height),
            place(0, 0, width, edge), place(0, height - edge, width, edge)],
    lines: shown.lines.map(l => place(l.x, l.y, l.width, l.height)),
    images: shown.images.map(i => place(i.x, i.y, i.width, i.height))});
})"""


def overlap(a, b):
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 2 and down > 2


def outside(place, shown, edge):
    return (place["x"] < edge or place["x"] + place["width"] > shown["width"] - edge
            or place["y"] < edge or place["y"] + place["height"] > shown["height"] - edge)


def faults_of(shown, seen, dark, edge):
    """What a person would complain of, in words."""
    faults = []
    if (seen["width"], seen["height"]) != (shown["width"], shown["height"]):
        faults.append(f"the picture is {seen['width']} x {seen['height']}, the page {shown['width']} x {shown['height']}")
    if not (seen["page"]["ground"] <= DARK if dark else seen["page"]["ground"] >= LIGHT):
        faults.append(f"it is to be {'dark' if dark else 'light'}: most of it has a luminance of {seen['page']['ground']:.2f}")
    for border, name in zip(seen["edges"], ("left", "right", "upper", "lower")):
        if border["colours"] > 1:
            faults.append(f"something reaches the {name} edge")
    if not shown["lines"]:
        faults.append("it is blank")
    for line, place in zip(shown["lines"], seen["lines"]):
        if place["contrast"] < TEXT or not 0.01 <= place["ink"] <= 0.6:
            faults.append(f"{line['what']!r} is not to be seen: {place}")
    for image, place in zip(shown["images"], seen["images"]):
        if place["contrast"] < GRAPHIC or not 0.02 <= place["ink"] <= 0.98:
            faults.append(f"{image['what']!r} is not to be seen: {place}")
    faults += [f"{place['what']!r} stands at the edge or outside" for place in shown["lines"] + shown["images"]
               if outside(place, shown, edge)]
    faults += [f"{a['what']!r} and {b['what']!r} stand on one another"
               for i, a in enumerate(shown["lines"]) for b in shown["lines"][:i] if overlap(a, b)]
    return faults


def take(browser, path, width, dark=False, edge=EDGE):
    """A picture of the whole page, that wide, as a file.  Returns what is wrong with it."""
    browser.size(width, HEIGHT)
    shown = json.loads(browser.value(SHOWN))
    if shown["height"] > HEIGHT:
        # not by captureBeyondViewport, which draws pages that are written from right to left beside their place
        browser.size(width, shown["height"])
        shown = json.loads(browser.value(SHOWN))
    png = browser.picture(path, optimizeForSpeed=True)
    answer = browser.call("Runtime.evaluate", awaitPromise=True, returnByValue=True,
                          expression=f"{SEEN}({json.dumps(png)}, {json.dumps(shown)}, {edge}, {GRAPHIC})")
    assert "exceptionDetails" not in answer, answer
    seen = json.loads(answer["result"]["value"])
    return [f"{pathlib.Path(path).name}: {fault}" for fault in faults_of(shown, seen, dark, edge)]
