#include <unistd.h>

#include <csignal>
#include <iostream>

#include "engine/app/command_line.hpp"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe or peer is an error of the write, not our end
  sluice::app::Context context{std::cout, std::cerr, sluice::app::Terminal::detect(STDOUT_FILENO),
                               false,     {},        sluice::app::kExitOk};
  return sluice::app::run_command_line({argv + 1, argv + argc}, context);
}
