// Which variables belong to which scope, as Jinja's compiler decides before anything runs.
#pragma once

#include "text/jinja/ast.h"

namespace weft::jinja {

// Fills in Tree::unset, Statement::unset, MacroDefinition::unset and Tree::named_blocks. A name that a scope sets, and
// neither reads before nor finds in a scope around it, is undefined in there until it is set, even where the context
// has a variable of that name: loops and macros inside can tell.
void find_unset_names(Tree& tree);

}  // namespace weft::jinja
