/* The version of git-build, as `git build --version` prints it. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define GIT_BUILD_VERSION "0.1.0"

#endif
