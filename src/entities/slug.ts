/** Slugs as Diode's NetBox plugin makes them for objects that are sent without one. */

/** Characters of a slug. Source: netbox netbox/models/__init__.py, django-taggit models.py. */
export const MAX_SLUG = 100;

/**
 * "RouterOS 7.1.5" → "routeros-715"; "日本" → "". The plugin looks for an object of this slug when
 * none has the name, and renames it. Source: django utils/text.py, slugify; Python's `\s` also has
 * U+001C to U+001F.
 */
export function autoSlug(name: string): string {
  return name.normalize("NFKD").replace(/[^\0-\x7f]/g, "").toLowerCase()
    .replace(/[^\w\s\x1c-\x1f-]/g, "").replace(/[-\s\x1c-\x1f]+/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "");
}
