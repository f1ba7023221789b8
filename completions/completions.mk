# SPDX-License-Identifier: GPL-3.0-or-later
bash_completiondir = $(bash_completion_dir)
dist_bash_completion_DATA = completions/postern
