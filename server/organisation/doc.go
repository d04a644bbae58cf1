// Package organisation answers, for one instant, who may act from which post and who is told.
//
// The model: a street has departments, grids and communities; people hold posts, which are roles for one of these
// units or for the whole street. An Organisation is a snapshot of all that. It never changes once made, so it may be
// shared between goroutines; whoever changes a row makes a new one.
//
// Three rules turn posts held into posts acted from (domain §1):
//
//   - AB角. While a delegation runs (StartAt <= at < EndAt) the delegate receives what its giver receives and may act
//     from the giver's posts; casework.Post.For records for whom. It is not transitive: what somebody holds as a
//     delegate they cannot pass on.
//   - Vacancy. Where nobody holds the post of a deputy leader, grid chief or liaison, the centre acts from it; for a
//     department head the deputy leader does, or the centre when that post is vacant too. casework.Post.Vacant says so.
//   - Whoever has left acts from nothing and lends nothing. Their posts count as not held, and what was addressed to
//     them in person goes to the head of their department.
//
// Notices never fall through: what is addressed to any other post that nobody holds goes to the centre, which is told
// but may not act from that post. Administrators stand apart: their posts are neither lent nor stepped into, and they
// step into nothing.
//
// It fails only where data comes in: New tells every problem at once, in Chinese, each as a *Problem that names the
// entry; CheckDelegation judges a new delegation. Questions about unknown units or people have empty answers, except
// that a notice to them goes to the centre.
package organisation
