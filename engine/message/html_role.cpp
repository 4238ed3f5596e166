#include "engine/message/html_role.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

namespace sluice::message {

namespace {

using Roles = std::array<Role, GUMBO_TAG_LAST + 1>;

constexpr void assign(Roles& roles, Role role, std::initializer_list<GumboTag> tags) {
  for (const auto tag : tags) roles[tag] = role;
}

constexpr Roles kRoles = [] {
  Roles roles{};
  assign(roles, Role::dropped,
         {GUMBO_TAG_HEAD, GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE, GUMBO_TAG_TITLE, GUMBO_TAG_NOSCRIPT,
          GUMBO_TAG_TEMPLATE, GUMBO_TAG_SVG, GUMBO_TAG_MATH, GUMBO_TAG_OBJECT, GUMBO_TAG_IFRAME,
          GUMBO_TAG_TEXTAREA, GUMBO_TAG_SELECT, GUMBO_TAG_NOFRAMES, GUMBO_TAG_NOEMBED});
  assign(roles, Role::block,
         {GUMBO_TAG_DIV, GUMBO_TAG_SECTION, GUMBO_TAG_ARTICLE, GUMBO_TAG_ASIDE, GUMBO_TAG_HEADER,
          GUMBO_TAG_FOOTER, GUMBO_TAG_NAV, GUMBO_TAG_MAIN, GUMBO_TAG_CENTER, GUMBO_TAG_ADDRESS,
          GUMBO_TAG_FORM, GUMBO_TAG_DT, GUMBO_TAG_CAPTION, GUMBO_TAG_FIGCAPTION, GUMBO_TAG_BODY,
          GUMBO_TAG_HTML, GUMBO_TAG_DETAILS, GUMBO_TAG_SUMMARY, GUMBO_TAG_OPTGROUP});
  assign(roles, Role::paragraph, {GUMBO_TAG_P, GUMBO_TAG_DL, GUMBO_TAG_FIELDSET, GUMBO_TAG_FIGURE});
  assign(roles, Role::heading,
         {GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3, GUMBO_TAG_H4, GUMBO_TAG_H5, GUMBO_TAG_H6});
  assign(roles, Role::list, {GUMBO_TAG_UL, GUMBO_TAG_OL, GUMBO_TAG_MENU, GUMBO_TAG_DIR});
  assign(roles, Role::verbatim, {GUMBO_TAG_PRE, GUMBO_TAG_LISTING, GUMBO_TAG_XMP});
  assign(roles, Role::cell, {GUMBO_TAG_TD, GUMBO_TAG_TH});
  roles[GUMBO_TAG_LI] = Role::item;
  roles[GUMBO_TAG_DD] = Role::term;
  roles[GUMBO_TAG_BLOCKQUOTE] = Role::quote;
  roles[GUMBO_TAG_TABLE] = Role::table;
  roles[GUMBO_TAG_TR] = Role::row;
  roles[GUMBO_TAG_A] = Role::link;
  roles[GUMBO_TAG_IMG] = Role::image;
  roles[GUMBO_TAG_HR] = Role::rule;
  roles[GUMBO_TAG_BR] = Role::line_break;
  return roles;
}();

}  // namespace

Role role_of(GumboTag tag) { return tag < kRoles.size() ? kRoles[tag] : Role::inline_text; }

std::span<GumboNode* const> children_of(const GumboElement& element) {
  return {reinterpret_cast<GumboNode* const*>(element.children.data), element.children.length};
}

std::string_view attribute(const GumboElement& element, const char* name) {
  const auto* found = gumbo_get_attribute(&element.attributes, name);
  return found ? found->value : "";
}

bool is_hidden(const GumboElement& element) {
  if (gumbo_get_attribute(&element.attributes, "hidden")) return true;
  std::string style;
  for (const char c : attribute(element, "style")) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    style += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return style.find("display:none") != std::string::npos ||
         style.find("visibility:hidden") != std::string::npos ||
         style.find("mso-hide:all") != std::string::npos;
}

bool holds_blocks(const GumboElement& element) {
  return std::ranges::any_of(children_of(element), [](const GumboNode* child) {
    if (child->type != GUMBO_NODE_ELEMENT) return false;
    switch (role_of(child->v.element.tag)) {
      case Role::dropped:
        return false;
      case Role::inline_text:
      case Role::link:
      case Role::image:
        return holds_blocks(child->v.element);
      default:
        return true;
    }
  });
}

bool is_layout(const GumboElement& table) {
  return std::ranges::any_of(children_of(table), [](const GumboNode* child) {
    if (child->type != GUMBO_NODE_ELEMENT) return false;
    const auto& element = child->v.element;
    return role_of(element.tag) == Role::cell ? holds_blocks(element) : is_layout(element);
  });
}

}  // namespace sluice::message
