#!/usr/bin/env python3
"""The lints can fail: each finds what it is for in a small tree, and leaves the right form alone.

selftest.py SOURCE_DIR BUILD_DIR. Needs nothing but the standard library.
"""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

import coroutines
import docs
import layers
import licences
import sizes

SOURCE = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]


class Tree(unittest.TestCase):
    """A temporary tree with the real module table."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("CMakeLists.txt", (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8"))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run_lint(self, lint, build="nowhere"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = lint.main(str(self.root), str(self.root / build))
        return code, printed.getvalue()

    def assert_found(self, lint, *parts):
        code, printed = self.run_lint(lint)
        self.assertEqual(code, 1, printed)
        for part in parts:
            self.assertIn(part, printed)

    def assert_clean(self, lint):
        code, printed = self.run_lint(lint)
        self.assertEqual((code, printed), (0, ""))


class Docs(Tree):
    def test_true_pages_are_fine(self):
        self.write("engine/app/verbs.cpp", 'Verb{"send", setup_send},\n')
        self.write("README.md", "# A page\n\n## It's `here`, once\n\n[a](docs/a.md) [b](#its-here-once)\n"
                                "[c](https://example.test/)\n\n| verb | |\n|---|---|\n| `send` | sends |\n")
        self.write("docs/a.md", "[back](../README.md#a-page)\n")
        self.write("ARCHITECTURE.md", "`engine/app` has `engine/app/verbs.cpp`\n")
        self.assert_clean(docs)

    def test_dead_links_are_found(self):
        self.write("docs/a.md", "# A\n[b](b.md)\n[c](a.md#b)\n```\n# b\n```\n")
        self.assert_found(docs, "docs/a.md:2: b.md does not exist", "docs/a.md:3: a.md has no heading #b")

    def test_other_verbs_are_found(self):
        self.write("engine/app/verbs.cpp", 'Verb{"send", setup_send}, Verb{"sink", setup_sink},\n')
        self.write("README.md", "| `send` | sends |\n| `fetch` | fetches |\n")
        self.assert_found(docs, "lacks sink", "README.md:2: there is no verb fetch")

    def test_folders_that_are_gone_are_found(self):
        self.write("ARCHITECTURE.md", "one\n`engine/base` and `queue/shard.hpp`\n")
        self.assert_found(docs, "ARCHITECTURE.md:2: engine/base does not", "queue/shard.hpp does not")


class Layers(Tree):
    def test_downwards_is_fine(self):
        self.write("queue/a.cpp", '#include "queue/a.hpp"\n#include "engine/store/b.hpp"\n#include <a>\n')
        self.write("engine/sink/a.cpp", '#include "engine/smtp/machine.hpp"\n')
        self.write("config/a.cpp", '#include "engine/control/a.hpp"\n#include "engine/delivery/a.hpp"\n')
        self.write("tests/unit/queue/a.cpp", '#include "engine/app/main.hpp"\n')
        self.assert_clean(layers)

    def test_siblings_are_found(self):
        self.write("throttle/a.hpp", '#pragma once\n#include "metrics/counter.hpp"\n')
        self.assert_found(layers, "throttle/a.hpp:2:", "siblings")

    def test_sink_stands_beside_delivery(self):
        self.write("engine/sink/a.cpp", '#include "engine/delivery/path.hpp"\n')
        self.assert_found(layers, "engine/sink/a.cpp:1:", "siblings")

    def test_upwards_is_found(self):
        self.write("engine/base/a.cpp", '\n#include "queue/shard.hpp"\n')
        self.write("config/a.cpp", '#include "engine/app/run.hpp"\n')
        self.write("engine/control/a.cpp", '#include "config/loader.hpp"\n')
        self.assert_found(layers, "engine/base/a.cpp:2:", "may not reach up to queue",
                          "reach up to engine/app", "engine/control/a.cpp:1:")

    def test_relative_includes_and_unknown_folders_are_found(self):
        self.write("queue/a.cpp", '#include "shard.hpp"\n')
        self.write("engine/attic/a.cpp", "\n")
        self.assert_found(layers, "not named from the root", "folder engine/attic is in no layer")

    def test_the_module_table_is_checked(self):
        table = (self.root / "CMakeLists.txt").read_text(encoding="utf-8")
        self.write("CMakeLists.txt", table.replace("throttle        DEPS sluice_base",
                                                   "throttle        DEPS sluice_base sluice_metrics"))
        self.assert_found(layers, "CMakeLists.txt:", "throttle and metrics are siblings")


class Sizes(Tree):
    def test_small_files_are_fine(self):
        self.write("queue/a.hpp", "// What.\n#pragma once\nint f();\n")
        self.write("queue/a.cpp", '#include "queue/a.hpp"\nint f() {\n  return 1;\n}\n')
        self.assert_clean(sizes)

    def test_long_files_are_found(self):
        self.write("queue/a.cpp", "\n" * 501)
        self.write("tests/unit/queue/a_test.cpp", "\n" * 800)
        self.write("tests/unit/queue/b_test.cpp", "\n" * 801)
        code, printed = self.run_lint(sizes)
        self.assertEqual(code, 1)
        self.assertIn("queue/a.cpp:501: 501 lines", printed)
        self.assertIn("b_test.cpp:801:", printed)
        self.assertNotIn("a_test.cpp", printed)

    def test_long_lines_are_found(self):
        self.write("queue/a.cpp", "\n// " + "x" * 108 + "\n// " + "é" * 107 + "\n")
        code, printed = self.run_lint(sizes)
        self.assertEqual(code, 1)
        self.assertIn("queue/a.cpp:2: 111 columns", printed)
        self.assertNotIn("a.cpp:3", printed, "columns are characters, not bytes")

    def test_long_functions_are_found(self):
        body = "  x = 1;\n" * 69
        for head in ("void f() {", "int A::g(int a) const noexcept {", "TEST(A, B) {",
                     "A::A(int a) : a_(a), b_{2} {",
                     "auto h(int (*p)()) -> int {", "bool operator==(const A& a) const {",
                     "void k(int a = 3, S s = {}) {"):
            self.write("queue/a.cpp", f"namespace a {{\n\n{head}\n{body}}}\n}}\n")
            code, printed = self.run_lint(sizes)
            self.assertEqual(code, 1, head)
            self.assertIn("queue/a.cpp:3: a function of 71 lines", printed, head)
        self.write("queue/a.cpp", "struct A {\n  int f() {\n" + "    x;\n" * 69 + "  }\n};\n")
        self.assert_found(sizes, "queue/a.cpp:2: a function of 71 lines")

    def test_tables_and_classes_are_no_functions(self):
        self.write("queue/a.cpp", "constexpr T kTable[] = {\n" + "  {1, f(2)},\n" * 90 + "};\n")
        self.write("queue/b.cpp", "class A : public B<int> {\n" + "  int a_ = f(1);\n" * 90 + "};\n")
        self.write("queue/c.cpp", "enum class E {\n" + "  a,\n" * 80 + "};\n"
                   'void f() {\n  s = "{{{"; c = \'{\'; // {\n}\nvoid g() {\n' + "x;\n" * 60 + "}\n")
        self.assert_clean(sizes)

    def test_headers_are_checked(self):
        self.write("queue/a.hpp", '#include "queue/b.hpp"\n#pragma once\n')
        self.write("queue/a.cpp", '#include "queue/b.hpp"\n')
        self.assert_found(sizes, "queue/a.hpp:1: #pragma once", "queue/a.cpp:1: does not include its own")

    def test_the_median_is_checked(self):
        for name in "abc":
            self.write(f"queue/{name}.cpp", "\n" * 151)
        self.assert_found(sizes, "the median file has 151 lines")


class Coroutines(unittest.TestCase):
    def assert_lines(self, text, lines):
        self.assertEqual([line for line, _ in coroutines.check_text(text)], lines, text)

    def test_own_statements_are_fine(self):
        self.assert_lines("co_await f(x);\nauto r = co_await f(x, y);\nconst auto& [a, b] = co_await g();\n"
                          "r = co_await f();\nself->reply_ = co_await f();\nreplies[0] = co_await f();\n"
                          "if (x > f(y)) co_await f();\nelse r = co_await f();\n(void)co_await f();\n"
                          "if (const auto d = next(); d > 0) co_await f(d);\n"
                          "std::vector<int> v = co_await f(a, [&](int b) { return b; });\n"
                          "case Stage::mail: co_await f();\n"
                          '// if (co_await f())\nauto s = "if (co_await f())";\n', [])

    def test_everything_else_is_found(self):
        for text in ("if (co_await f()) g();", "while (auto r = co_await f()) {}", "return co_await f();",
                     "co_return co_await f();", "g(co_await f());", "auto r = g(co_await f());",
                     "auto r = 1 + co_await f();", "auto r = *co_await f();", "co_await f(co_await g());",
                     "x == co_await f();", "auto r = a ? co_await f() : b;"):
            self.assert_lines("\n" + text, [2])

    def test_temporaries_are_found(self):
        self.assert_lines("co_await f(Options{.a = 1});", [1])
        self.assert_lines("auto r = co_await f({1, 2});", [1])

    def test_detached_is_found(self):
        self.assert_lines("\nco_spawn(c, f(), asio::detached);\nbool detached = false;", [2])


class Licences(Tree):
    def test_known_libraries_are_fine(self):
        listing = ("\tlinux-vdso.so.1 (0x1)\n\tlibrocksdb.so.7.8 => /usr/lib/librocksdb.so.7.8 (0x1)\n"
                   "\t/lib64/ld-linux-x86-64.so.2 (0x1)\n")
        self.assertEqual(licences.check_ldd(listing), [])

    def test_unknown_and_missing_libraries_are_found(self):
        self.assertEqual(len(licences.check_ldd("\tlibreadline.so.8 => /lib/libreadline.so.8 (0x1)\n")), 1)
        self.assertEqual(len(licences.check_ldd("\tlibfmt.so.9 => not found\n")), 1)

    def test_lgpl_archives_are_found(self):
        self.assertEqual(len(licences.check_archives("LINK = /usr/lib/libgmime-3.0.a /usr/lib/libfmt.a")), 1)

    def test_without_a_binary_it_is_skipped(self):
        self.assertEqual(self.run_lint(licences)[0], 77)

    def test_a_binary_ldd_cannot_read_is_found(self):
        self.write("nowhere/sluice", "no binary\n")
        self.assert_found(licences, "ldd")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
